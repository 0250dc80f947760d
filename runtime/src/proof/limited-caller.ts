// One of several processes that call a vendor as fast as its limits allow, over the stores that workers share.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, LimitStore, PluginTarget } from '@drover/engine';
import { newId, type PluginManifest } from '@drover/model';
import { createBroker, LimitChain, LocalLimitStore, VendorGovernor } from '@drover/plugin-host';
import { RedisLimitStore } from '@drover/queue';
import { openPostgres, PostgresLimitStore } from '@drover/store';
import { goFirst } from './go-first.js';

/** What the process is told, as JSON in its first argument. */
export interface CallerInput {
  baseUrl: string;
  token: string;
  /** The same for all. */
  connectionId: string;
  databaseUrl: string;
  redisUrl?: string;
  /** A call of each to make over and over. */
  uses: { manifest: PluginManifest; call: string }[];
  /** Calls of each under way at a time. */
  concurrency: number;
  /** Answers when all processes have asked, with how many milliseconds to go on. */
  startUrl: string;
}

const PAUSE_MS = 50;

const input = JSON.parse(process.argv[2]!) as CallerInput;
const database = openPostgres(input.databaseUrl);
const redis =
  input.redisUrl === undefined
    ? undefined
    : new RedisLimitStore(input.redisUrl, { onError: () => undefined });
const shared: [LimitStore, ...LimitStore[]] = [new PostgresLimitStore(database), new LocalLimitStore()];
const broker = createBroker({
  vault: { reveal: async () => ({ apiV1Token: input.token, apiV2Token: input.token }) },
  governor: new VendorGovernor({
    store: new LimitChain(redis === undefined ? shared : [redis, ...shared], {
      onError: (thrown) => process.stderr.write(`${String(thrown)}\n`),
    }),
  }),
});

function targetOf(manifest: PluginManifest): PluginTarget {
  const at = new Date().toISOString();
  const connection: Connection = {
    id: input.connectionId as Connection['id'],
    name: 'lab',
    vendor: manifest.vendor,
    settings: { baseUrl: input.baseUrl },
    transport: { verifyTls: true, proxy: 'none' },
    secrets: { apiV1Token: 'stored', apiV2Token: 'stored' },
    createdAt: at,
    updatedAt: at,
  };
  return { bundleDigest: newId('run'), manifest, connection };
}

/**
 * Calls until the end. What the vendor makes of a call is not the point; one that was refused by the broker, as after a wait of
 * ten seconds, is made again a little later.
 */
async function callOn({ manifest, call }: CallerInput['uses'][number], stop: AbortSignal): Promise<void> {
  const hook = await broker.forHook(targetOf(manifest), {
    mode: 'apply',
    signal: stop,
    beforeWrite: async () => ({ do: 'send' }),
  });
  const { method } = manifest.calls.find(({ name }) => name === call)!;
  const params = method === 'GET' ? {} : { json: {} };
  while (!stop.aborted) await hook.call(call, params).catch(() => sleep(PAUSE_MS));
}

async function main(): Promise<void> {
  goFirst();
  await redis?.open();
  const started = await fetch(input.startUrl);
  const stop = AbortSignal.timeout(Number(await started.text()));
  const calling = input.uses.flatMap((use) =>
    Array.from({ length: input.concurrency }, () => callOn(use, stop)),
  );
  await Promise.all(calling);
  await broker.close();
  redis?.close();
  await database.close();
}

void main();
