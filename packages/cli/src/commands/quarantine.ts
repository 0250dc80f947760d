import type { Command } from 'commander';
import type { QuarantineEntry } from '@drover/engine';
import { Fault, type PageRequest } from '@drover/model';
import { addPageOptions, moreText, pageOf } from '../input/page-options.js';
import { counted } from '../output/figures.js';
import { safeText } from '../output/safe-text.js';
import { facts, table } from '../output/table.js';
import type { CommandResult, Session } from '../session.js';

type ListOptions = PageRequest & { plugin?: string };

export function addQuarantineCommands(program: Command, session: Session): void {
  const quarantine = program
    .command('quarantine')
    .description('look at objects that ended their plugin’s process, and let them go');
  addPageOptions(quarantine.command('list'))
    .description('list the objects in quarantine, newest first')
    .option('--plugin <plugin>', 'only those of a plugin, by its ID or text id')
    .action(async (options: ListOptions) => session.finish(await list(session, options)));
  quarantine
    .command('show <object>')
    .description('show why an object is in quarantine, by its value, its id or the entry’s id')
    .action(async (ref: string) => session.finish(await show(session, ref)));
  quarantine
    .command('redrive [objects...]')
    .description('let objects go: the next run gives them to the plugin again')
    .option('--plugin <plugin>', 'all of a plugin, in the place of objects')
    .action(async (refs: string[], options: { plugin?: string }) =>
      session.finish(await redrive(session, refs, options)),
    );
}

async function list(session: Session, options: ListOptions): Promise<CommandResult> {
  const application = await session.application();
  const { plugin } = options;
  const page = await application.quarantine.list({ ...pageOf(options), plugin });
  const shown = table(
    page.data,
    [
      { title: 'OBJECT', value: ({ object }) => object.value },
      { title: 'PLUGIN', value: (entry) => entry.pluginId },
      { title: 'VERSION', value: ({ version }) => version },
      { title: 'SINCE', value: ({ at }) => at },
      { title: 'RUN', value: ({ runId }) => runId },
    ],
    { nothing: 'Nothing is in quarantine.' },
  );
  return { document: page, text: `${shown}${moreText(page.nextCursor)}` };
}

async function show(session: Session, ref: string): Promise<CommandResult> {
  const application = await session.application();
  const entry = await application.quarantine.show(ref);
  return { document: entry, text: `${entryFacts(entry)}\n\n${logText(entry)}` };
}

function entryFacts({ id, object, revision, fault, ...entry }: QuarantineEntry): string {
  return facts([
    ['Object', object.value],
    ['Object id', object.id],
    ['Revision', revision],
    ['Plugin', `${entry.pluginId} ${entry.version}`],
    ['Bundle', entry.bundleDigest],
    ['Fault', `${fault.code}: ${fault.message}`],
    ['Tries', entry.attempts],
    ['Run', entry.runId],
    ['Since', entry.at],
    ['Entry', id],
  ]);
}

function logText({ log }: QuarantineEntry): string {
  if (log.length === 0) return 'The plugin logged nothing before it ended.';
  const lines = log.map(({ level, message, fields }) => {
    const detail = fields === undefined ? '' : ` ${JSON.stringify(fields)}`;
    return safeText(`  ${level}: ${message}${detail}`);
  });
  return ['Logged last:', ...lines].join('\n');
}

async function redrive(
  session: Session,
  refs: readonly string[],
  { plugin }: { plugin?: string },
): Promise<CommandResult> {
  if ((refs.length === 0) === (plugin === undefined)) {
    throw new Fault('INVALID_ARGUMENT', 'Name objects or a plugin with --plugin, one of the two.');
  }
  const application = await session.application();
  const redriven = await application.quarantine.redrive(plugin === undefined ? { refs } : { plugin });
  const text = `${counted(redriven, 'object')} left the quarantine; the next run takes what it is offered of them.`;
  return { document: { redriven }, text };
}
