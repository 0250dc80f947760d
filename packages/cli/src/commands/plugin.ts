import type { Command } from 'commander';
import type { AcceptedType } from '@drover/model';
import { readBundleFile } from '../input/bundle-file.js';
import { bytes } from '../output/figures.js';
import { writeOutput } from '../output/output-file.js';
import { facts, table } from '../output/table.js';
import type { CommandResult, Session } from '../session.js';
import { addUpgradeCommands } from './plugin-upgrade.js';

export function addPluginCommands(program: Command, session: Session): void {
  const plugin = program.command('plugin').description('pack, check and install plugin bundles');
  plugin
    .command('pack <folder>')
    .description('pack a vendor’s plugins into a bundle; the same sources give the same bytes')
    .option('--output <file>', 'where to write it (default: NAME-VERSION.zip in this folder)')
    .action(async (folder: string, options: { output?: string }) =>
      session.finish(await pack(session, folder, options)),
    );
  plugin
    .command('install <file>')
    .description('check a bundle, keep it and give its plugins their action IDs')
    .action(async (file: string) => session.finish(await install(session, file)));
  addUpgradeCommands(plugin, session);
  plugin
    .command('list')
    .description('list the installed plugins')
    .action(async () => session.finish(await list(session)));
  plugin
    .command('show <plugin>')
    .description('show an installed plugin and its manifest')
    .action(async (ref: string) => session.finish(await show(session, ref)));
  plugin
    .command('verify <file>')
    .description('check a bundle as install does and change nothing')
    .action(async (file: string) => session.finish(await verify(session, file)));
}

async function pack(session: Session, folder: string, options: { output?: string }): Promise<CommandResult> {
  const { zip, ...bundle } = await session.host.packBundle(folder);
  const file = options.output ?? `${bundle.name}-${bundle.version}.zip`;
  await writeOutput(file, [zip]);
  return {
    document: { file, bytes: zip.length, ...bundle },
    text: `Packed ${bundle.plugins.join(', ')} into ${file} (${bytes(zip.length)}, SHA-256 ${bundle.digest}).`,
  };
}

async function install(session: Session, file: string): Promise<CommandResult> {
  const zip = await readBundleFile(file);
  const application = await session.application();
  const report = await application.plugins.install(zip);
  const headline =
    report.result === 'already'
      ? `${report.bundle} ${report.version} is installed already; nothing changed.`
      : `Installed ${report.bundle} ${report.version}.`;
  const plugins = table(
    report.plugins,
    [
      { title: 'ID', value: (plugin) => plugin.actionId, right: true },
      { title: 'PLUGIN', value: (plugin) => plugin.pluginId },
      { title: 'VERSION', value: (plugin) => plugin.version },
      { title: 'NAME', value: (plugin) => plugin.name },
    ],
    { nothing: 'It has no plugins.' },
  );
  return { document: report, text: `${headline}\n\n${plugins}` };
}

async function list(session: Session): Promise<CommandResult> {
  const application = await session.application();
  const plugins = await application.plugins.list();
  const text = table(
    plugins,
    [
      { title: 'ID', value: (plugin) => plugin.actionId, right: true },
      { title: 'PLUGIN', value: (plugin) => plugin.pluginId },
      { title: 'KIND', value: (plugin) => plugin.manifest.kind },
      { title: 'VERSION', value: (plugin) => plugin.version },
      { title: 'NAME', value: (plugin) => plugin.manifest.name },
      { title: 'INSTALLED', value: (plugin) => plugin.installedAt },
    ],
    { nothing: 'No plugins are installed; install a bundle with: drover plugin install FILE' },
  );
  return {
    document: plugins.map(({ manifest, ...plugin }) => ({
      ...plugin,
      name: manifest.name,
      vendor: manifest.vendor,
      kind: manifest.kind,
    })),
    text,
  };
}

async function show(session: Session, ref: string): Promise<CommandResult> {
  const application = await session.application();
  const plugin = await application.plugins.show(ref);
  const { manifest } = plugin;
  const about = facts([
    ['plugin', plugin.pluginId],
    ['id', plugin.actionId],
    ['name', manifest.name],
    ['version', plugin.version],
    ['vendor', manifest.vendor],
    ['kind', manifest.kind],
    ['produces', typesText(manifest.produces)],
    ['description', manifest.description],
    ['docs', manifest.docsUrl],
    ['bundle', plugin.bundleDigest],
    ['installed', plugin.installedAt],
  ]);
  const calls = table(
    manifest.calls,
    [
      { title: 'CALL', value: (call) => call.name },
      { title: 'EFFECT', value: (call) => call.effect },
      { title: 'DELIVERY', value: (call) => call.delivery },
      { title: 'REQUEST', value: (call) => `${call.method} ${call.path}` },
      { title: 'WHILE', value: (call) => call.purpose },
    ],
    { nothing: 'It makes no vendor calls.' },
  );
  return { document: plugin, text: `${about}\n\n${calls}` };
}

function typesText(types: readonly AcceptedType[] | undefined): string | undefined {
  return types
    ?.map(({ type, subtypes }) => (subtypes === undefined ? type : `${type} (${subtypes.join(', ')})`))
    .join('; ');
}

async function verify(session: Session, file: string): Promise<CommandResult> {
  const zip = await readBundleFile(file);
  const application = await session.application();
  const summary = await application.plugins.verify(zip);
  const plugins = summary.plugins.map((plugin) => `${plugin.pluginId} ${plugin.version}`).join(', ');
  return {
    document: summary,
    text: `${file} is a sound bundle: ${summary.bundle.name} ${summary.bundle.version} with ${plugins} (SHA-256 ${summary.digest}).`,
  };
}
