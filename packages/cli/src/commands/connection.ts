import { type Command, Option } from 'commander';
import type { ConnectionTest, ConnectionView, SecretInput, TransportSettings } from '@drover/engine';
import { Fault } from '@drover/model';
import { collect, splitAssignment, typedAssignments } from '../input/assignments.js';
import {
  askMissingSecrets,
  readSecrets,
  refuseOpenSecrets,
  refuseProxyPassword,
  type SecretOptions,
} from '../input/secret-options.js';
import { wholeNumber } from '../input/whole-number.js';
import { facts, table } from '../output/table.js';
import { safeText } from '../output/safe-text.js';
import type { CommandResult, Session } from '../session.js';

interface SettingOptions extends SecretOptions {
  set?: string[];
  verifyTls?: boolean;
  proxy?: string;
  /** False: to be taken away. */
  concurrency?: number | false;
}

interface UpdateOptions extends SettingOptions {
  unset?: string[];
  removeSecret?: string[];
}

export function addConnectionCommands(program: Command, session: Session): void {
  const connection = program.command('connection').description('keep and test vendor accounts');
  settingOptions(connection.command('create <name>'))
    .description('keep a vendor account; asks on a terminal for secrets that are not given')
    .requiredOption('--vendor <vendor>', 'whose account it is, as its plugins say')
    .action(async (name: string, options: SettingOptions & { vendor: string }) =>
      session.finish(await create(session, name, options)),
    );
  settingOptions(connection.command('update <connection>'))
    .description('change a connection; what is not given stays')
    .option('--no-concurrency', 'take its concurrency away')
    .option('--unset <key>', 'take a setting away; may be repeated', collect)
    .option('--remove-secret <name>', 'take a secret away; may be repeated', collect)
    .action(async (ref: string, options: UpdateOptions) =>
      session.finish(await update(session, ref, options)),
    );
  connection
    .command('list')
    .description('list the connections')
    .action(async () => session.finish(await list(session)));
  connection
    .command('show <connection>')
    .description('show a connection; secrets only as set or not set')
    .action(async (ref: string) => session.finish(await show(session, ref)));
  connection
    .command('test <connection>')
    .description('say step by step whether the account serves the vendor’s plugins; writes nothing')
    .option('--action <action>', 'test for this action only')
    .action(async (ref: string, options: { action?: string }) =>
      session.finish(await test(session, ref, options)),
    );
  connection
    .command('remove <connection>')
    .description('forget a connection and its secrets')
    .action(async (ref: string) => session.finish(await remove(session, ref)));
}

function settingOptions(command: Command): Command {
  return command
    .option('--set <key=value>', 'one setting, such as baseUrl=https://…; may be repeated', collect)
    .option(
      '--secret <name[=ref]>',
      'NAME to be asked, NAME=env:VARIABLE or NAME=file:PATH to read it there when needed; may be repeated',
      collect,
    )
    .option('--secret-stdin <name>', 'read this secret from standard input')
    .addOption(new Option('--verify-tls', 'verify the vendor’s TLS certificate (default)'))
    .addOption(new Option('--no-verify-tls', 'do not verify it').default(undefined))
    .option('--proxy <proxy>', 'system (default), none, or a proxy’s URL')
    .option(
      '--concurrency <n>',
      'most batches and pulls in hand over it at a time, 1 to 1000 (default: what its plugins allow)',
      wholeNumber,
    );
}

async function create(
  session: Session,
  name: string,
  options: SettingOptions & { vendor: string },
): Promise<CommandResult> {
  const application = await session.application();
  const fields = await application.connections.fields(options.vendor);
  refuseOpen(options, fields);
  const settings = typedAssignments(options.set ?? [], (key) => fieldType(fields, key));
  const secrets = await askMissingSecrets(session, await readSecrets(session, options, fields), fields);
  const connection = await application.connections.create({
    name,
    vendor: options.vendor,
    settings,
    transport: transportOf(options),
    ...(options.concurrency ? { concurrency: options.concurrency } : {}),
    secrets,
  });
  return { document: connection, text: `Created the connection.\n\n${connectionText(connection)}` };
}

async function update(session: Session, ref: string, options: UpdateOptions): Promise<CommandResult> {
  const application = await session.application();
  const before = await application.connections.show(ref);
  const fields = await application.connections.fields(before.vendor);
  refuseOpen(options, fields);
  refuseStrangers(options.unset, { flag: '--unset', known: Object.keys(before.settings) });
  refuseStrangers(options.removeSecret, { flag: '--remove-secret', known: Object.keys(before.secrets) });
  const secrets: Record<string, SecretInput | null> = await readSecrets(session, options, fields);
  for (const name of options.removeSecret ?? []) secrets[name] = null;
  const connection = await application.connections.update(ref, {
    settings: {
      ...typedAssignments(options.set ?? [], (key) => fieldType(fields, key)),
      ...Object.fromEntries((options.unset ?? []).map((key) => [key, null])),
    },
    transport: transportOf(options),
    ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency || null }),
    secrets,
  });
  return { document: connection, text: `Changed the connection.\n\n${connectionText(connection)}` };
}

async function list(session: Session): Promise<CommandResult> {
  const application = await session.application();
  const connections = await application.connections.list();
  return {
    document: connections,
    text: table(
      connections,
      [
        { title: 'NAME', value: (connection) => connection.name },
        { title: 'VENDOR', value: (connection) => connection.vendor },
        { title: 'BASE URL', value: (connection) => String(connection.settings['baseUrl'] ?? '') },
        { title: 'SECRETS', value: secretsText },
        { title: 'STATE', value: (connection) => stateText(connection) ?? '' },
        { title: 'UPDATED', value: (connection) => connection.updatedAt },
      ],
      { nothing: 'There are no connections; make one with: drover connection create NAME --vendor VENDOR' },
    ),
  };
}

async function show(session: Session, ref: string): Promise<CommandResult> {
  const application = await session.application();
  const connection = await application.connections.show(ref);
  return { document: connection, text: connectionText(connection) };
}

async function test(session: Session, ref: string, options: { action?: string }): Promise<CommandResult> {
  const application = await session.application();
  const tests = await application.connections.test(ref, options);
  const ok = tests.every(({ result }) => result !== 'failed');
  return { document: { ok, tests }, text: tests.map(testText).join('\n\n'), exitCode: ok ? 0 : 3 };
}

async function remove(session: Session, ref: string): Promise<CommandResult> {
  const application = await session.application();
  const { id, name } = await application.connections.show(ref);
  await application.connections.remove(ref);
  return { document: { removed: id, name }, text: `Removed the connection ${safeText(name)}.` };
}

type Fields = Parameters<typeof refuseOpenSecrets>[1];

function refuseOpen(options: SettingOptions, fields: Fields): void {
  const keys = (options.set ?? []).map((assignment) => splitAssignment(assignment, { flag: '--set' }).key);
  refuseOpenSecrets(keys, fields);
  refuseProxyPassword(options.proxy);
}

/** Taking away what is not there would leave what was meant. */
function refuseStrangers(
  names: readonly string[] | undefined,
  { flag, known }: { flag: string; known: readonly string[] },
): void {
  const stranger = names?.find((name) => !known.includes(name));
  if (stranger === undefined) return;
  throw new Fault(
    'INVALID_ARGUMENT',
    `The connection has no "${stranger}" to take away with ${flag}; it has: ${known.join(', ') || 'none'}.`,
  );
}

function fieldType(fields: Fields, key: string): string | undefined {
  return fields.find((field) => field.name === key)?.type;
}

function transportOf({ verifyTls, proxy }: SettingOptions): Partial<TransportSettings> {
  return {
    ...(verifyTls === undefined ? {} : { verifyTls }),
    ...(proxy === undefined ? {} : { proxy }),
  };
}

function secretsText(connection: ConnectionView): string {
  return Object.entries(connection.secrets)
    .map(([name, held]) => `${name}: ${held === 'stored' ? 'set' : held}`)
    .join(', ');
}

function connectionText(connection: ConnectionView): string {
  return facts([
    ['connection', connection.name],
    ['id', connection.id],
    ['vendor', connection.vendor],
    ...Object.entries(connection.settings).map(
      ([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)] as const,
    ),
    ['secrets', secretsText(connection) || 'none set'],
    ['verify TLS', connection.transport.verifyTls ? 'yes' : 'no'],
    ['proxy', connection.transport.proxy],
    ['concurrency', connection.concurrency?.toString()],
    ['state', stateText(connection)],
  ]);
}

function stateText({ vendorDown }: ConnectionView): string | undefined {
  if (vendorDown === undefined) return undefined;
  const seconds = Math.ceil(vendorDown.nextCallInMs / 1_000);
  return seconds === 0 ? 'vendor seems down, being tried' : `vendor seems down, next call in ${seconds} s`;
}

function testText(test: ConnectionTest): string {
  const lines = test.steps.map(({ step, ok, detail }) =>
    safeText(`  ${ok ? 'ok     ' : 'FAILED '} ${step}${detail === undefined ? '' : `: ${detail}`}`),
  );
  if (test.fault !== undefined) lines.push(safeText(`  FAILED  ${test.fault.code}: ${test.fault.message}`));
  return [safeText(`${test.connection} ${VERDICTS[test.result]} ${test.pluginId}`), ...lines].join('\n');
}

const VERDICTS = {
  ok: 'serves',
  failed: 'does not serve',
  untested: 'cannot be tested for',
} as const satisfies Record<ConnectionTest['result'], string>;
