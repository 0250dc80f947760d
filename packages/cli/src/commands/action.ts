import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ActionRunRequest, InstalledPlugin } from '@drover/engine';
import { Fault, TRIGGERS, type Trigger } from '@drover/model';
import { collect, typedAssignments } from '../input/assignments.js';
import { jsonObjectArgument } from '../input/json-argument.js';
import { count, counted } from '../output/figures.js';
import { shellCommand } from '../output/shell-command.js';
import { facts, table } from '../output/table.js';
import type { CommandResult, Session } from '../session.js';
import { planUntilEnd, runUntilDone, runUntilEnd } from './run-to-end.js';

interface ConfigOptions {
  config?: string;
  set?: string[];
}

interface RunOptions extends ConfigOptions {
  collection: string;
  connection: string;
  objectsPerRun?: number;
  restart?: boolean;
  trigger?: Trigger;
  step?: string;
  untilDone?: boolean;
  plan?: boolean;
}

export function addActionCommands(program: Command, session: Session): void {
  const action = program.command('action').description('show, configure and run installed actions');
  action
    .command('list')
    .description('list the actions with their IDs')
    .action(async () => session.finish(await list(session)));
  action
    .command('show <action>')
    .description('show an action: what it accepts, its config, limits and defaults')
    .action(async (ref: string) => session.finish(await show(session, ref)));
  action
    .command('configure <action>')
    .description('set the config that runs of the action start from')
    .option('--config <json>', 'values as a JSON object or @FILE; null takes a key away')
    .option('--set <key=value>', 'one value; may be repeated', collect)
    .option('--unset <key>', 'take a value away; may be repeated', collect)
    .action(async (ref: string, options: ConfigOptions & { unset?: string[] }) =>
      session.finish(await configure(session, ref, options)),
    );
  addRunCommand(action, session);
}

function addRunCommand(action: Command, session: Session): void {
  action
    .command('run <action>')
    .description('run an action over a collection and follow it to its end')
    .requiredOption('--collection <name>', 'the objects that are offered')
    .requiredOption('--connection <name>', 'the vendor account')
    .option('--config <json>', 'config for this run as a JSON object or @FILE, laid over the defaults')
    .option('--set <key=value>', 'one config value; may be repeated', collect)
    .option(
      '--objects-per-run <n>',
      'most objects that this run takes (default: the action’s)',
      positiveInteger,
    )
    .option('--restart', 'give up the open pass and offer the whole collection again')
    .addOption(new Option('--trigger <how>', 'how the run is asked for').choices(TRIGGERS).default('manual'))
    .option('--step <key>', 'with --trigger schedule: the step whose memory says what is new')
    .option('--plan', 'show the requests that the run would send, and send nothing that writes')
    .option('--until-done', 'take slice after slice until nothing of the pass remains')
    .action(async (ref: string, options: RunOptions) => session.finish(await run(session, ref, options)));
}

async function list(session: Session): Promise<CommandResult> {
  const application = await session.application();
  const actions = await application.actions.list();
  return {
    document: actions.map(({ actionId, pluginId, version, manifest }) => ({
      actionId,
      pluginId,
      version,
      name: manifest.name,
      vendor: manifest.vendor,
    })),
    text: table(
      actions,
      [
        { title: 'ID', value: (action) => action.actionId, right: true },
        { title: 'ACTION', value: (action) => action.pluginId },
        { title: 'NAME', value: (action) => action.manifest.name },
        { title: 'ACCEPTS', value: acceptsText },
        { title: 'CAP', value: (action) => count(action.manifest.limits.objectsPerRun.default), right: true },
      ],
      { nothing: 'No actions are installed; install a bundle with: drover plugin install FILE' },
    ),
  };
}

async function show(session: Session, ref: string): Promise<CommandResult> {
  const application = await session.application();
  const action = await application.actions.show(ref);
  const { manifest } = action;
  const about = facts([
    ['action', `${action.actionId} (${action.pluginId} ${action.version})`],
    ['name', manifest.name],
    ['description', manifest.description],
    ['vendor', manifest.vendor],
    ['accepts', acceptsText(action)],
    ['triggers', manifest.triggers.join(', ')],
    [
      'objects per run',
      `${count(manifest.limits.objectsPerRun.default)} (at most ${count(manifest.limits.objectsPerRun.max)})`,
    ],
    ['batch limit', counted(manifest.limits.batch.objects, 'object')],
    ['undone by', undoneByText(action)],
  ]);
  return { document: action, text: `${about}\n\n${configText(action)}` };
}

async function configure(
  session: Session,
  ref: string,
  options: ConfigOptions & { unset?: string[] },
): Promise<CommandResult> {
  const application = await session.application();
  const changes = {
    ...(await readConfig(session, ref, options)),
    ...Object.fromEntries((options.unset ?? []).map((key) => [key, null])),
  };
  const action = await application.actions.configure(ref, changes);
  return { document: action, text: `Runs of ${action.pluginId} start from this:\n\n${configText(action)}` };
}

async function run(session: Session, ref: string, options: RunOptions): Promise<CommandResult> {
  if (options.plan === true && options.untilDone === true) {
    throw new Fault('INVALID_ARGUMENT', 'A plan is of one run: use --plan without --until-done.');
  }
  const request: ActionRunRequest = {
    action: ref,
    collection: options.collection,
    connection: options.connection,
    config: await readConfig(session, ref, options),
    trigger: options.trigger,
    stepKey: options.step,
    objectsPerRun: options.objectsPerRun,
    restart: options.restart,
    plan: options.plan,
  };
  const application = await session.application();
  const { run: first, pass } = await application.actions.run(request);
  if (first === undefined) {
    return { document: { pass }, text: 'There is nothing new to offer; no run was started.' };
  }
  if (pass.notAccepted > 0) {
    session.note(`${counted(pass.notAccepted, 'object')} of the collection: type not accepted, not offered.`);
  }
  if (options.plan === true) return planUntilEnd(session, first);
  if (!options.untilDone) return runUntilEnd(session, first, goOnCommand(ref, options));
  return runUntilDone(session, first, async () => {
    const next = await application.actions.run({ ...request, restart: undefined });
    return next.run;
  });
}

/** `--config` with `--set` laid over it, each value read by its type in the action's schema. */
async function readConfig(
  session: Session,
  ref: string,
  options: ConfigOptions,
): Promise<Record<string, unknown>> {
  const whole =
    options.config === undefined ? {} : await jsonObjectArgument(options.config, { flag: '--config' });
  if (options.set === undefined) return whole;
  const application = await session.application();
  const properties = propertiesOf(await application.actions.show(ref));
  return { ...whole, ...typedAssignments(options.set, (key) => properties[key]?.type) };
}

/** What a person types to take the pass's next slice. */
function goOnCommand(ref: string, options: RunOptions): string {
  return shellCommand([
    'drover action run',
    ref,
    ['--collection', options.collection],
    ['--connection', options.connection],
    ['--config', options.config],
    ...(options.set ?? []).map((assignment): [string, string] => ['--set', assignment]),
    ['--objects-per-run', options.objectsPerRun?.toString()],
    ['--trigger', options.trigger === 'manual' ? undefined : options.trigger],
    ['--step', options.step],
  ]);
}

type Properties = Record<string, { type?: string; title?: string; default?: unknown } | undefined>;

function propertiesOf(action: InstalledPlugin): Properties {
  return (action.manifest.config['properties'] ?? {}) as Properties;
}

function configText(action: InstalledPlugin): string {
  const properties = propertiesOf(action);
  const required = (action.manifest.config['required'] ?? []) as string[];
  const keys = [...new Set([...Object.keys(properties), ...Object.keys(action.defaults)])];
  return table(
    keys,
    [
      { title: 'CONFIG', value: (key) => key },
      { title: 'TYPE', value: (key) => properties[key]?.type },
      { title: 'REQUIRED', value: (key) => (required.includes(key) ? 'yes' : '') },
      { title: 'STARTS FROM', value: (key) => jsonText(action.defaults[key] ?? properties[key]?.default) },
      { title: 'WHAT', value: (key) => properties[key]?.title },
    ],
    { nothing: 'It has no config.' },
  );
}

function jsonText(value: unknown): string {
  return value === undefined ? '' : JSON.stringify(value);
}

function acceptsText(action: InstalledPlugin): string {
  return (action.manifest.accepts ?? [])
    .map(({ type, subtypes }) => (subtypes === undefined ? type : `${type} (${subtypes.join(', ')})`))
    .join('; ');
}

function undoneByText({ manifest: { inverse } }: InstalledPlugin): string | undefined {
  return inverse && `${inverse.plugin}: ${inverse.description}`;
}

function positiveInteger(text: string): number {
  const n = Number(text);
  if (!Number.isSafeInteger(n) || n < 1) throw new InvalidArgumentError('It must be a whole number from 1.');
  return n;
}
