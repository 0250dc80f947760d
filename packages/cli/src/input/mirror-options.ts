import { type Command, Option } from 'commander';
import { MIRROR_DIRECTIONS, type MirrorDirection, type MirrorRequest } from '@drover/engine';
import { Fault } from '@drover/model';
import { collect, splitAssignment } from './assignments.js';
import { jsonObjectArgument } from './json-argument.js';

export interface MirrorOptions {
  mirror?: MirrorDirection;
  mirrorConfig?: string;
  closeMirrored?: boolean;
  map?: string[];
  mapOut?: string[];
}

/** The options by which a feed is told how to map and to mirror. */
export function addMirrorOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--mirror <direction>', 'whose changes reach the other side').choices(MIRROR_DIRECTIONS),
    )
    .option(
      '--mirror-config <json>',
      'config of the action that sends changes out, as a JSON object or @FILE',
    )
    .option('--close-mirrored', 'give objects that the vendor closes the status "closed"')
    .option('--no-close-mirrored', 'leave the status of objects that the vendor closes')
    .option(
      '--map <field=attribute>',
      'where an attribute of the vendor goes here; FIELD= leaves it out; may be repeated',
      collect,
    )
    .option(
      '--map-out <field=attribute>',
      'which attribute here an outgoing field is sent from; may be repeated',
      collect,
    );
}

export async function mirrorRequest(options: MirrorOptions): Promise<MirrorRequest> {
  const { mirror, mirrorConfig, closeMirrored, map, mapOut } = options;
  return {
    ...(mirror === undefined ? {} : { direction: mirror }),
    ...(closeMirrored === undefined ? {} : { closeMirrored }),
    ...(mirrorConfig === undefined
      ? {}
      : { config: await jsonObjectArgument(mirrorConfig, { flag: '--mirror-config' }) }),
    ...(map === undefined ? {} : { map: assignments(map, { flag: '--map' }) }),
    ...(mapOut === undefined ? {} : { mapOut: wholeAssignments(mapOut) }),
  };
}

function assignments(texts: readonly string[], { flag }: { flag: string }): Record<string, string | null> {
  const entries = texts.map((text) => splitAssignment(text, { flag }));
  return Object.fromEntries(entries.map(({ key, value }) => [key, value === '' ? null : value]));
}

function wholeAssignments(texts: readonly string[]): Record<string, string> {
  const entries = Object.entries(assignments(texts, { flag: '--map-out' }));
  return Object.fromEntries(
    entries.map(([field, attribute]) => {
      if (attribute !== null) return [field, attribute];
      throw new Fault(
        'INVALID_ARGUMENT',
        `--map-out ${field}= names no attribute; every outgoing field is sent from one.`,
      );
    }),
  );
}
