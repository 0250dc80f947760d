import type { DoctorCheck, DoctorReport, HeldLease } from '@drover/engine';
import { asFault } from '@drover/model';
import { executorHolders } from '../composition/executor-holder.js';
import { queueKind } from '../environment/queue-kind.js';
import { BullDoorbell, RedisLimitStore } from '@drover/queue';
import type { Parts } from '../composition/parts.js';

type Finding = Omit<DoctorCheck, 'check'>;

/** Looks at one thing after the other; what throws is a problem. */
export async function examine(parts: Parts): Promise<DoctorReport> {
  const examinations: [string, () => Promise<Finding>][] = [
    ['node', async () => ok(`Node ${process.versions.node} on ${process.platform} ${process.arch}.`)],
    ['data folder', async () => ok((await parts.dataFolder()).path)],
    ['database', () => examineDatabase(parts)],
    ['encryption', () => examineEncryption(parts)],
    ['sandbox', () => examineSandbox(parts)],
    ['plugins', () => examinePlugins(parts)],
    ['queue', () => examineQueue(parts)],
    ['rate limits', () => examineLimits(parts)],
    ['executor', () => examineExecutor(parts)],
  ];
  const checks: DoctorCheck[] = [];
  for (const [check, look] of examinations) checks.push({ check, ...(await look().catch(problem)) });
  return { ok: checks.every(({ result }) => result !== 'problem'), checks };
}

async function examineDatabase(parts: Parts): Promise<Finding> {
  await parts.database();
  const url = parts.surroundings.settings.databaseUrl;
  if (url === undefined) return ok(`SQLite, ${(await parts.dataFolder()).databaseFile}`);
  const { host, pathname } = new URL(url);
  return ok(`PostgreSQL, ${host}${pathname}`);
}

/** Every secret that is stored must open with the keys at hand, and every reference must lead somewhere. */
async function examineEncryption(parts: Parts): Promise<Finding> {
  const vault = await parts.connections();
  const connections = await vault.list();
  for (const { id } of connections) await vault.reveal(id);
  const { encryptionKey } = parts.surroundings.settings;
  const place = encryptionKey === undefined ? (await parts.dataFolder()).keyFile : 'the environment';
  return ok(`The key of ${place}; the secrets of ${connections.length} connections can be read.`);
}

async function examineSandbox(parts: Parts): Promise<Finding> {
  const { notes, networkDenied, separateUser } = await (await parts.pluginRuntime()).describeIsolation();
  const said = `Network ${networkDenied ? 'denied' : 'NOT denied'} to plugins, ${separateUser ? 'another user' : 'the same user'} as the host.`;
  return { result: notes.length === 0 ? 'ok' : 'warning', detail: [said, ...notes].join(' ') };
}

async function examinePlugins(parts: Parts): Promise<Finding> {
  const plugins = await parts.plugins();
  const installed = await plugins.list();
  for (const digest of new Set(installed.map(({ bundleDigest }) => bundleDigest))) {
    if ((await plugins.readBundle(digest)) !== undefined) continue;
    return { result: 'problem', detail: `The bundle ${digest} is not stored any more; install it again.` };
  }
  return ok(`${installed.length} installed.`);
}

async function examineQueue(parts: Parts): Promise<Finding> {
  const doorbell = await parts.doorbell();
  if (!(doorbell instanceof BullDoorbell))
    return ok('In this process; work of others is found within a second.');
  await doorbell.open();
  if (queueKind(parts.surroundings.settings) === 'postgres') return ok('In the database, which answers.');
  return ok('In Redis, which answers, takes writes and evicts nothing.');
}

/** Asks Redis itself: for want of it, limits would be kept in the database without a word. */
async function examineLimits({ surroundings }: Parts): Promise<Finding> {
  const { databaseUrl, redisUrl } = surroundings.settings;
  if (databaseUrl === undefined) return ok('In the process that executes runs.');
  if (redisUrl === undefined) return ok('In the database.');
  const store = new RedisLimitStore(redisUrl, { onError: () => undefined });
  try {
    await store.down();
  } finally {
    store.close();
  }
  return ok('In Redis, which answers, takes writes and evicts nothing.');
}

async function examineExecutor(parts: Parts): Promise<Finding> {
  const holders = await executorHolders(parts);
  if (holders.length === 0) return ok('No process executes runs now; "drover action run" will.');
  return ok(`Runs are executed by ${holders.map(holderText).join(', ')}.`);
}

function holderText({ data, owner }: HeldLease): string {
  const { host, pid } = data as { host?: string; pid?: number };
  return pid === undefined ? owner : `process ${pid} on ${host}`;
}

function ok(detail: string): Finding {
  return { result: 'ok', detail };
}

function problem(error: unknown): Finding {
  const { code, message } = asFault(error);
  return { result: 'problem', detail: `${code}: ${message}` };
}
