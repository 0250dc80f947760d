import { type Command, Option } from 'commander';
import type { CommandAnswer, CommandRunView, InstalledPlugin } from '@drover/engine';
import { COMMAND_STATUSES, type CommandStatus, Fault, FaultList, type PageRequest } from '@drover/model';
import { confirm } from '../input/confirm.js';
import { jsonObjectArgument } from '../input/json-argument.js';
import { addPageOptions, moreText, pageOf } from '../input/page-options.js';
import { counted } from '../output/figures.js';
import { outputText } from '../output/output-table.js';
import { safeText, shorten } from '../output/safe-text.js';
import { facts, table } from '../output/table.js';
import type { CommandResult, Session } from '../session.js';

const EXCERPT_WIDTH = 2_000;

interface RunOptions {
  connection: string;
  input?: string;
  inputFile?: string;
  config?: string;
  plan?: boolean;
  yes?: boolean;
}

type HistoryOptions = PageRequest & { status?: CommandStatus; command?: string };

export function addCommandCommands(program: Command, session: Session): void {
  const command = program
    .command('command')
    .description('show and run installed commands: one document in, one document out');
  command
    .command('list')
    .description('list the commands with their IDs')
    .action(async () => session.finish(await list(session)));
  command
    .command('show <command>')
    .description('show a command: its input, its calls and its output')
    .action(async (ref: string) => session.finish(await show(session, ref)));
  command
    .command('run <command>')
    .description('run a command on an input and print its output')
    .requiredOption('--connection <name>', 'the vendor account')
    .option('--input <json>', 'the input as a JSON object or @FILE (default: an empty one)')
    .option('--input-file <file>', 'file with the input')
    .option('--config <json>', 'config for this time as a JSON object or @FILE, laid over the defaults')
    .option('--plan', 'show the first request that writes, and send none')
    .option('--yes', 'send destructive requests without asking')
    .action(async (ref: string, options: RunOptions) => session.finish(await run(session, ref, options)));
  addPageOptions(command.command('history'))
    .description('list commands that were run, newest first')
    .option('--command <command>', 'only those of a command')
    .addOption(new Option('--status <status>', 'only those that came to this').choices(COMMAND_STATUSES))
    .action(async (options: HistoryOptions) => session.finish(await history(session, options)));
  command
    .command('past <id>')
    .description('show one time that a command was run')
    .action(async (ref: string) => session.finish(await past(session, ref)));
}

async function list(session: Session): Promise<CommandResult> {
  const application = await session.application();
  const commands = await application.commands.list();
  return {
    document: commands.map(({ actionId, pluginId, version, manifest }) => ({
      actionId,
      pluginId,
      version,
      name: manifest.name,
      vendor: manifest.vendor,
    })),
    text: table(
      commands,
      [
        { title: 'ID', value: (one) => one.actionId, right: true },
        { title: 'COMMAND', value: (one) => one.pluginId },
        { title: 'NAME', value: (one) => one.manifest.name },
        { title: 'EFFECT', value: effectOf },
      ],
      { nothing: 'No commands are installed; install a bundle with: drover plugin install FILE' },
    ),
  };
}

async function show(session: Session, ref: string): Promise<CommandResult> {
  const application = await session.application();
  const plugin = await application.commands.show(ref);
  const { manifest } = plugin;
  const about = facts([
    ['command', `${plugin.actionId} (${plugin.pluginId} ${plugin.version})`],
    ['name', manifest.name],
    ['description', manifest.description],
    ['vendor', manifest.vendor],
    ['effect', effectOf(plugin)],
  ]);
  const blocks = [about, inputText(plugin), writesText(plugin)].filter((block) => block !== '');
  return { document: plugin, text: blocks.join('\n\n') };
}

async function run(session: Session, ref: string, options: RunOptions): Promise<CommandResult> {
  const input = await inputOf(options);
  const config =
    options.config === undefined ? {} : await jsonObjectArgument(options.config, { flag: '--config' });
  const application = await session.application();
  const plugin = await application.commands.show(ref);
  const stop = new AbortController();
  const unhook = session.host.onInterrupt(() => stop.abort());
  try {
    const confirmed = options.yes === true || (options.plan !== true && (await asked(session, plugin)));
    const answer = await application.commands.run(
      { command: ref, connection: options.connection, input, config, plan: options.plan === true, confirmed },
      { signal: stop.signal },
    );
    return answered(session, plugin, answer);
  } finally {
    unhook();
  }
}

async function inputOf({ input, inputFile }: RunOptions): Promise<Record<string, unknown>> {
  if (input !== undefined && inputFile !== undefined) {
    throw new Fault('INVALID_ARGUMENT', 'Give the input once: by --input or by --input-file.');
  }
  if (inputFile !== undefined) return jsonObjectArgument(`@${inputFile}`, { flag: '--input-file' });
  return input === undefined ? {} : jsonObjectArgument(input, { flag: '--input' });
}

/** Whether a person at the terminal has agreed to what cannot be undone. */
async function asked(session: Session, { manifest, pluginId }: InstalledPlugin): Promise<boolean> {
  const destructive = manifest.calls.filter(({ effect }) => effect === 'destructive');
  if (destructive.length === 0) return false;
  const what = destructive.map(({ name, blastRadius }) => `${name}: ${blastRadius ?? ''}`).join(' ');
  return confirm(session.streams, safeText(`${pluginId} may make destructive calls. ${what} Go on?`));
}

function answered(session: Session, { manifest }: InstalledPlugin, answer: CommandAnswer): CommandResult {
  const { run, planned, output, problems = [], log } = answer;
  for (const { level, message, fields } of log) {
    if (level === 'warn' || session.options.verbose) {
      session.note(
        safeText(`${level}: ${message}${fields === undefined ? '' : ` ${JSON.stringify(fields)}`}`),
      );
    }
  }
  const writes = run.vendorWrites === 0 ? '' : `, ${counted(run.vendorWrites, 'request')} of which wrote`;
  session.note(`Command ${run.id} ${run.status}: ${counted(run.vendorCalls, 'request')}${writes}.`);
  if (run.fault !== undefined) {
    const { code, message } = run.fault;
    if (problems.length > 0) throw new FaultList(code, message, problems);
    throw new Fault(code, message, run.fault);
  }
  if (planned !== undefined) return { document: { planned }, text: plannedText(planned) };
  const text = outputText(manifest.output, output);
  return {
    document: output,
    text: run.mode === 'plan' ? `It would send no request that writes.\n\n${text}` : text,
  };
}

function plannedText({
  call,
  effect,
  method,
  path,
  body,
  blastRadius,
}: NonNullable<CommandAnswer['planned']>): string {
  const lines = [
    `The first request that would write (${call}, ${effect}); nothing was sent:`,
    `${method} ${path}`,
  ];
  if (body !== undefined) {
    const value = typeof body.value === 'string' ? body.value : JSON.stringify(body.value);
    lines.push(`  ${body.contentType}: ${shorten(value, EXCERPT_WIDTH)}`);
  }
  if (blastRadius !== undefined) lines.push(`! ${blastRadius}`);
  return lines.map(safeText).join('\n');
}

async function history(session: Session, options: HistoryOptions): Promise<CommandResult> {
  const application = await session.application();
  const { status, command } = options;
  const page = await application.commands.history({ ...pageOf(options), status, command });
  const text = table(
    page.data,
    [
      { title: 'ID', value: (one) => one.id },
      { title: 'COMMAND', value: (one) => `${one.actionId} ${one.pluginId}` },
      { title: 'CONNECTION', value: (one) => one.connection, maxWidth: 24 },
      { title: 'MODE', value: (one) => one.mode },
      { title: 'STATUS', value: (one) => one.status },
      { title: 'CODE', value: (one) => one.fault?.code },
      { title: 'WRITES', value: (one) => one.vendorWrites, right: true },
      { title: 'STARTED', value: (one) => one.startedAt },
      { title: 'INPUT', value: (one) => JSON.stringify(one.input) },
    ],
    { nothing: 'No such command has been run.' },
  );
  return { document: page, text: text + moreText(page.nextCursor) };
}

async function past(session: Session, ref: string): Promise<CommandResult> {
  const application = await session.application();
  const one = await application.commands.past(ref);
  return { document: one, text: pastText(one) };
}

function pastText(one: CommandRunView): string {
  const { fault, output } = one;
  return facts([
    ['command', `${one.actionId} (${one.pluginId} ${one.version})`],
    ['connection', one.connection],
    ['mode', one.mode],
    ['status', one.status],
    ['fault', fault === undefined ? undefined : `${fault.code}: ${fault.message}`],
    ['input', JSON.stringify(one.input)],
    ['config', JSON.stringify(one.config)],
    ['last call that wrote', one.sentCall],
    ['vendor calls', one.vendorCalls],
    ['of them writes', one.vendorWrites],
    ['output', output === undefined ? undefined : `${output.bytes} bytes, SHA-256 ${output.digest}`],
    ['started', one.startedAt],
    ['ended', one.endedAt],
  ]);
}

function effectOf({ manifest }: InstalledPlugin): string {
  const effects = new Set(manifest.calls.map(({ effect }) => effect));
  if (effects.has('destructive')) return 'destructive';
  return effects.has('write') ? 'write' : 'read';
}

function writesText({ manifest }: InstalledPlugin): string {
  const writes = manifest.calls.filter(({ effect }) => effect !== 'read');
  if (writes.length === 0) return '';
  return table(
    writes,
    [
      { title: 'CALL', value: ({ name }) => name },
      { title: 'REQUEST', value: ({ method, path }) => `${method} ${path}` },
      { title: 'EFFECT', value: ({ effect }) => effect },
      { title: 'TOUCHES', value: ({ blastRadius }) => blastRadius, maxWidth: 100 },
    ],
    { nothing: '' },
  );
}

type Properties = Record<string, { type?: string; description?: string; default?: unknown }>;

function inputText({ manifest }: InstalledPlugin): string {
  const properties = (manifest.input?.['properties'] ?? {}) as Properties;
  const required = (manifest.input?.['required'] ?? []) as string[];
  return table(
    Object.entries(properties),
    [
      { title: 'INPUT', value: ([name]) => name },
      { title: 'TYPE', value: ([, { type }]) => type },
      { title: 'REQUIRED', value: ([name]) => (required.includes(name) ? 'yes' : '') },
      {
        title: 'DEFAULT',
        value: ([, one]) => (one.default === undefined ? '' : JSON.stringify(one.default)),
      },
      { title: 'WHAT', value: ([, { description }]) => description, maxWidth: 100 },
    ],
    { nothing: 'It has no input.' },
  );
}
