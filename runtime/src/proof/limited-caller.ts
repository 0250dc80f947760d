// One of several processes that call a vendor as fast as its limits allow, over the stores that workers share.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, LimitStore, PluginTarget } from '@drover/engine';
import { newId, type PluginManifest } from '@drover/model';
import { createBroker, LimitChain, LocalLimitStore, VendorGovernor } from '@drover/plugin-host';
import { RedisLimitStore } from '@drover/queue';
import { openPostgres, PostgresLimitStore } from '@drover/store';

/** What the process is told, as JSON in its first argument. Times are milliseconds since 1970. */
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
  startAt: number;
  endAt: number;
}

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

/** Calls until the end; what the vendor makes of a call is not the point. */
async function callOn({ manifest, call }: CallerInput['uses'][number]): Promise<void> {
  const stop = AbortSignal.timeout(input.endAt - Date.now());
  const hook = await broker.forHook(targetOf(manifest), {
    mode: 'apply',
    signal: stop,
    beforeWrite: async () => ({ do: 'send' }),
  });
  while (!stop.aborted) await hook.call(call, { json: {} }).catch(() => undefined);
}

async function main(): Promise<void> {
  await sleep(input.startAt - Date.now());
  const calling = input.uses.flatMap((use) => Array.from({ length: input.concurrency }, () => callOn(use)));
  await Promise.all(calling);
  await broker.close();
  redis?.close();
  await database.close();
}

void main();
