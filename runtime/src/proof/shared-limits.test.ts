import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, type PluginManifest, type RateRule } from '@drover/model';
import { createNetskopeSimulator, type RequestFigures } from '@drover/simulators';
import { migrate, openPostgres } from '@drover/store';
import {
  START_TIMEOUT_MS,
  freshRedisUrl,
  makeEmptyPostgres,
  makeProgram,
  missingPostgres,
  missingRedis,
  type Program,
  skipLoudly,
} from '@drover/testing';
import type { CallerInput } from './limited-caller.js';

type Logged = RequestFigures['recent'][number];

const CALLER = fileURLToPath(new URL('./limited-caller.ts', import.meta.url));
const TOKEN = 'token-of-the-simulated-tenant';
const PROCESSES = 8;
const START_MS = 5_000;
const WARM_UP_MS = 1_500;
/** Two windows of the slower limit, and a bit to see the third begin. */
const MEASURED_MS = 12_000;
const MOST_REFUSED = 0.01;
const LEAST_USED = 0.9;

/** What the vendor documents, and how it counts: in windows that begin with a request. */
const V2: RateRule = { requests: 4, perMs: 1_000 };
const V1: RateRule = { requests: 24, perMs: 5_000 };
const USES = [
  { manifest: manifestOf('manage-url-list'), call: 'readUrlLists', limit: V2 },
  { manifest: manifestOf('export-file-profile-hashes'), call: 'updateFileHashList', limit: V1 },
];

const missing = missingPostgres() ?? missingRedis();
if (missing === undefined) describe('the documented limits of a vendor', describeLimits);
else skipLoudly('the documented limits of a vendor', missing);

function describeLimits(): void {
  let program: Program;
  let measured: Map<string, Promise<Logged[]>>;

  beforeAll(async () => {
    program = await makeProgram(`import ${JSON.stringify(CALLER)};`);
    const redisUrl = await freshRedisUrl();
    // At the same time: what takes time is the vendor's windows.
    measured = new Map([
      ['Redis', callFromAll(redisUrl)],
      ['PostgreSQL', callFromAll(undefined)],
    ]);
    await Promise.allSettled(measured.values());
  }, START_TIMEOUT_MS);
  afterAll(() => program.remove());

  async function callFromAll(redisUrl: string | undefined): Promise<Logged[]> {
    const simulator = createNetskopeSimulator({
      token: TOKEN,
      rateLimit: { requestsPerSecond: V2.requests, dialect: 'ratelimit-reset' },
      v1RateLimit: V1,
    });
    const database = await makeEmptyPostgres();
    try {
      await migrated(database.url);
      const startAt = Date.now() + START_MS;
      const input: CallerInput = {
        baseUrl: await simulator.listen(),
        token: TOKEN,
        connectionId: newId('connection'),
        databaseUrl: database.url,
        ...(redisUrl === undefined ? {} : { redisUrl }),
        uses: USES.map(({ manifest, call }) => ({ manifest, call })),
        concurrency: 2,
        startAt,
        endAt: startAt + WARM_UP_MS + MEASURED_MS,
      };
      await Promise.all(Array.from({ length: PROCESSES }, () => program.run(input)));
      const from = new Date(startAt + WARM_UP_MS).toISOString();
      return simulator.requests().recent.filter(({ at }) => at >= from);
    } finally {
      await simulator.close();
      await database.remove();
    }
  }

  it.each(['Redis', 'PostgreSQL'])(
    'are kept and used by eight processes that share them in %s',
    async (place) => {
      const requests = await measured.get(place)!;
      const refused = requests.filter(({ status }) => status === 429);
      expect(refused.length / requests.length).toBeLessThanOrEqual(MOST_REFUSED);
      for (const { manifest, call, limit } of USES) {
        const { path } = manifest.calls.find(({ name }) => name === call)!;
        const times = requests.filter((request) => request.path === path).map(({ at }) => Date.parse(at));
        expect(usedOf(times, limit)).toBeGreaterThanOrEqual(LEAST_USED);
      }
    },
  );
}

/** How much of a limit was used, by the time that whole windows of requests took. */
function usedOf(times: readonly number[], { requests, perMs }: RateRule): number {
  const whole = Math.floor((times.length - 1) / requests) * requests;
  if (whole === 0) return 0;
  const tookMs = times[whole]! - times[0]!;
  return whole / ((tookMs / perMs) * requests);
}

function manifestOf(plugin: string): PluginManifest {
  const file = fileURLToPath(new URL(`../../../plugins/netskope/${plugin}/plugin.json`, import.meta.url));
  return JSON.parse(readFileSync(file, 'utf8')) as PluginManifest;
}

async function migrated(url: string): Promise<void> {
  const database = openPostgres(url);
  await migrate(database);
  await database.close();
}
