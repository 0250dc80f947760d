import type { PluginRequests, PluginUpgrade, UpgradeOptions, UpgradeReport } from '@drover/engine';
import { Fault } from '@drover/model';
import type { Command } from 'commander';
import { readBundleFile } from '../input/bundle-file.js';
import { confirm } from '../input/confirm.js';
import { safeText, shorten } from '../output/safe-text.js';
import { table } from '../output/table.js';
import type { CommandResult, Session } from '../session.js';

const MAX_VALUE_WIDTH = 100;

interface Options {
  dryRun?: boolean;
  yes?: boolean;
}

/** Shows or makes the change; `options` as the application takes them. */
type Upgrading = (plugins: PluginRequests, options: UpgradeOptions) => Promise<UpgradeReport>;

export function addUpgradeCommands(plugin: Command, session: Session): void {
  plugin
    .command('upgrade <file>')
    .description('put another version of an installed bundle in its place; configuration stays')
    .option('--dry-run', 'only show what would change')
    .option('--yes', 'do not ask')
    .action(async (file: string, options: Options) => {
      const zip = await readBundleFile(file);
      session.finish(await upgrade(session, (plugins, how) => plugins.upgrade(zip, how), options));
    });
  plugin
    .command('rollback <bundle>')
    .description('go back to the version of a bundle that was in force before')
    .option('--dry-run', 'only show what would change')
    .option('--yes', 'do not ask')
    .action(async (bundle: string, options: Options) =>
      session.finish(await upgrade(session, (plugins, how) => plugins.rollback(bundle, how), options)),
    );
}

async function upgrade(session: Session, make: Upgrading, options: Options): Promise<CommandResult> {
  const { plugins } = await session.application();
  const shown = await make(plugins, { dryRun: true });
  if (shown.result === 'already') {
    const text = `${shown.bundle} ${shown.version} is in force already; nothing changed.`;
    return { document: shown, text };
  }
  if (options.dryRun === true) return { document: shown, text: reportText(shown) };
  if (options.yes !== true) {
    session.note(reportText(shown));
    if (!(await confirm(session.streams, 'Put it in force?'))) {
      throw new Fault(
        'CONFIRMATION_NEEDED',
        `${shown.bundle} ${shown.version} was not put in force; look with --dry-run, then give --yes.`,
      );
    }
  }
  const made = await make(plugins, { from: shown.before });
  const headline = `${made.bundle} ${made.version} is in force. Runs that have begun end with the version that they began with.`;
  return { document: made, text: options.yes === true ? `${reportText(made)}\n\n${headline}` : headline };
}

function reportText({ bundle, version, digest, before, plugins, connections }: UpgradeReport): string {
  const short = (one: string): string => one.slice(0, 12);
  const lines = table(
    plugins,
    [
      { title: 'ID', value: ({ actionId }) => actionId ?? '', right: true },
      { title: 'PLUGIN', value: ({ pluginId }) => pluginId },
      { title: 'FROM', value: (plugin) => plugin.before ?? 'new' },
      { title: 'TO', value: (plugin) => plugin.version },
      { title: 'CHANGES', value: ({ changes }) => changes.length, right: true },
    ],
    { nothing: 'It has no plugins.' },
  );
  const warnings = connections.flatMap(({ name, problems }) =>
    problems.map(({ message, path = '' }) =>
      safeText(`The connection "${name}" has to be set before it is used again: ${message} (at ${path})`),
    ),
  );
  return [
    `${safeText(bundle)} ${safeText(version)} (SHA-256 ${short(digest)}…) in place of ${short(before)}…`,
    lines,
    ...plugins.map(changesText).filter((text) => text !== ''),
    ...warnings,
  ].join('\n\n');
}

function changesText({ pluginId, changes, setAside, restored }: PluginUpgrade): string {
  const lines = changes.map((change) => `  ${changeText(change)}`);
  for (const name of setAside)
    lines.push(`  The configured "${name}" does not fit this version and is set aside for one that it fits.`);
  for (const name of restored) lines.push(`  The configured "${name}" fits again and holds.`);
  return lines.length === 0 ? '' : safeText(pluginId) + '\n' + lines.map((line) => safeText(line)).join('\n');
}

function changeText(change: PluginUpgrade['changes'][number]): string {
  const { path, before, after } = change;
  if (!('before' in change)) return `+ ${path}: ${valueText(after)}`;
  if (!('after' in change)) return `- ${path}: ${valueText(before)}`;
  return `~ ${path}: ${valueText(before)} -> ${valueText(after)}`;
}

function valueText(value: unknown): string {
  return shorten(typeof value === 'string' ? value : JSON.stringify(value), MAX_VALUE_WIDTH);
}
