import {
  type Engine,
  type Feed,
  type InstalledPlugin,
  type MirrorReport,
  type MirrorRequest,
  type MirrorRules,
  NO_MIRROR,
} from '@drover/engine';
import { Fault, type RunId, type RunStatus, hasEnded } from '@drover/model';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Parts } from '../composition/parts.js';
import { checkedConfig } from './checked-request.js';

const MAX_NAME_LENGTH = 128;
const POLL_MS = 200;

export interface MirrorSettings {
  rules: MirrorRules;
  config: Record<string, unknown>;
}

/** The request laid over what was set before, checked against what the plugin can mirror. */
export async function checkedMirror(
  parts: Parts,
  plugin: InstalledPlugin,
  { request, before }: { request: MirrorRequest; before?: Feed },
): Promise<MirrorSettings> {
  const { mirror: rulesBefore = NO_MIRROR, mirrorConfig = {} } = before ?? {};
  const rules: MirrorRules = {
    direction: request.direction ?? rulesBefore.direction,
    closeMirrored: request.closeMirrored ?? rulesBefore.closeMirrored,
    map: { ...rulesBefore.map, ...request.map },
    mapOut: { ...rulesBefore.mapOut, ...request.mapOut },
  };
  checkRules(plugin, rules);
  if (!goesOut(rules)) {
    if (request.config === undefined) return { rules, config: mirrorConfig };
    throw invalid('mirrorConfig', 'A mirror config is for a direction that goes out: out or both.');
  }
  const sender = await senderOf(parts, plugin);
  const config = await checkedConfig(sender, { ...sender.defaults, ...mirrorConfig, ...request.config });
  return { rules, config };
}

/** Faults `MIRROR_NOT_POSSIBLE`, `INVALID_ARGUMENT`: the plugin cannot mirror by these rules. */
export function checkRules(plugin: InstalledPlugin, rules: MirrorRules): void {
  checkDirection(plugin, rules);
  checkMap(plugin, rules);
}

export function goesOut({ direction }: MirrorRules): boolean {
  return direction === 'out' || direction === 'both';
}

function checkDirection(
  { pluginId, manifest }: InstalledPlugin,
  { direction, closeMirrored }: MirrorRules,
): void {
  const { in: inward = [], out = [] } = manifest.mirror ?? {};
  const wantsIn = direction === 'in' || direction === 'both';
  const wantsOut = direction === 'out' || direction === 'both';
  if ((wantsIn && inward.length === 0) || (wantsOut && out.length === 0)) {
    const can = [...(inward.length > 0 ? ['in'] : []), ...(out.length > 0 ? ['out'] : [])];
    throw new Fault(
      'MIRROR_NOT_POSSIBLE',
      `${pluginId} cannot mirror "${direction}"; ${can.length === 0 ? 'it mirrors nothing' : `it mirrors ${can.join(' and ')}`}.`,
      { path: '/mirror' },
    );
  }
  if (closeMirrored && !wantsIn) {
    throw invalid('closeMirrored', 'Closing with the vendor is for a direction that comes in: in or both.');
  }
}

/** Every name is one that the plugin has, and no two fields meet in one attribute. */
function checkMap({ pluginId, manifest }: InstalledPlugin, { map, mapOut }: MirrorRules): void {
  const emitted = (manifest.emits ?? []).map(({ name }) => name);
  const fieldBy = new Map<string, string>();
  for (const name of Object.keys(map))
    checkKnown(name, { known: emitted, what: `emitted by ${pluginId}`, path: 'map' });
  for (const field of emitted) {
    const here = Object.hasOwn(map, field) ? map[field] : field;
    if (here === null || here === undefined) continue;
    checkName(here, 'map');
    const other = fieldBy.get(here);
    if (other !== undefined) {
      throw invalid(
        'map',
        `Both "${other}" and "${field}" would become the attribute "${here}"; map one to another name.`,
      );
    }
    fieldBy.set(here, field);
  }
  const out = manifest.mirror?.out ?? [];
  for (const [name, here] of Object.entries(mapOut)) {
    checkKnown(name, { known: out, what: `mirrored out by ${pluginId}`, path: 'mapOut' });
    checkName(here, 'mapOut');
  }
}

function checkKnown(
  name: string,
  { known, what, path }: { known: readonly string[]; what: string; path: string },
): void {
  if (known.includes(name)) return;
  throw invalid(
    path,
    `"${name}" is no attribute ${what}${known.length === 0 ? '' : `; there are ${known.join(', ')}`}.`,
  );
}

function checkName(name: string, path: string): void {
  const fits = name !== '' && name.length <= MAX_NAME_LENGTH && name.isWellFormed() && !/\p{Cc}/u.test(name);
  if (fits) return;
  throw invalid(
    path,
    `The name of an attribute has 1 to ${MAX_NAME_LENGTH} characters, none of them a control character.`,
  );
}

/** The action that sends the feed's changes. Fault: `MIRROR_NOT_POSSIBLE`. */
async function senderOf(parts: Parts, plugin: InstalledPlugin): Promise<InstalledPlugin> {
  const action = plugin.manifest.mirror!.action!;
  return fitSender(plugin, await (await parts.plugins()).find(action));
}

/** The action that sends the changes of a feed. Fault `MIRROR_NOT_POSSIBLE` when it is missing or cannot. */
export function fitSender(
  { pluginId, manifest }: InstalledPlugin,
  sender: InstalledPlugin | undefined,
): InstalledPlugin {
  const action = manifest.mirror!.action!;
  const problem = sender === undefined ? 'is not installed' : unfitness(sender, manifest);
  if (sender !== undefined && problem === undefined) return sender;
  throw new Fault(
    'MIRROR_NOT_POSSIBLE',
    `The action ${action}, by which ${pluginId} sends changes, ${problem}.`,
    {
      path: '/mirror',
    },
  );
}

function unfitness({ manifest }: InstalledPlugin, feed: InstalledPlugin['manifest']): string | undefined {
  if (manifest.kind !== 'action') return `is a ${manifest.kind}`;
  if (manifest.vendor !== feed.vendor) return `is of another vendor, ${manifest.vendor}`;
  if (!manifest.triggers.includes('event')) return 'may not be run by an event';
  const accepted = manifest.accepts ?? [];
  const missed = (feed.produces ?? []).find(
    ({ type, subtypes }) =>
      !accepted.some(
        (one) =>
          one.type === type &&
          (one.subtypes === undefined ||
            (subtypes ?? []).every((subtype) => one.subtypes!.includes(subtype))),
      ),
  );
  return missed === undefined ? undefined : `does not accept objects of the type ${missed.type}`;
}

/** Takes the feed's sends step by step until nothing is left to send, a run waits, or the signal aborts. */
export async function mirrorOut(
  parts: Parts,
  feed: Feed,
  { signal }: { signal?: AbortSignal } = {},
): Promise<MirrorReport> {
  const engine = await parts.engine();
  const mirrors = await parts.mirrors();
  const runs: MirrorReport['runs'] = [];
  await engine.start();
  for (;;) {
    const runId = (await engine.mirrorOut(feed.id)) ?? (await mirrors.figures(feed.id)).runId;
    if (runId === undefined) break;
    const isKnown = runs.some(({ id }) => id === runId);
    const status = await endOrWait(engine, runId, signal);
    if (!isKnown) runs.push({ id: runId, status });
    if (!hasEnded(status)) break;
  }
  return { feed: feed.name, runs, figures: await mirrors.figures(feed.id) };
}

/** The run's status when it has ended, waits or is not to be followed any more. */
async function endOrWait(engine: Engine, runId: RunId, signal: AbortSignal | undefined): Promise<RunStatus> {
  for (;;) {
    const { status } = await engine.run(runId);
    if (hasEnded(status) || status === 'waiting' || signal?.aborted === true) return status;
    await sleep(POLL_MS);
  }
}

function invalid(path: string, message: string): Fault {
  return new Fault('INVALID_ARGUMENT', message, { path: `/${path}` });
}
