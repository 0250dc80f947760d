import type { ServerResponse } from 'node:http';
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
  startLoopbackVendor,
} from '@drover/testing';
import { goFirst } from './go-first.js';
import type { CallerInput } from './limited-caller.js';

type Logged = RequestFigures['recent'][number];

const CALLER = fileURLToPath(new URL('./limited-caller.ts', import.meta.url));
const TOKEN = 'token-of-the-simulated-tenant';
const PROCESSES = 8;
const WARM_UP_MS = 3_000;
/** Two windows of the slower limit, and a bit to see the third begin. */
const MEASURED_MS = 12_000;
const MOST_REFUSED = 0.01;
const LEAST_USED = 0.9;

/** So long it is tried again. A store that is not shared fails every try: eight processes then send eight times the limit. */
const TRIES_MS = 200_000;

/** Shares from 0 to 1: of the requests that were answered 429, and of each limit that was used. */
interface Measured {
  refused: number;
  used: number[];
}

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
  let measured: Map<string, Promise<Measured>>;

  beforeAll(async () => {
    program = await makeProgram(`import ${JSON.stringify(CALLER)};`);
    const redisUrl = await freshRedisUrl();
    // The vendor is in this process, and its clock counts.
    const takeTurns = goFirst();
    // At the same time: what takes time is the vendor's windows.
    measured = new Map([
      ['Redis', measure(redisUrl)],
      ['PostgreSQL', measure(undefined)],
    ]);
    await Promise.allSettled(measured.values());
    takeTurns();
  }, START_TIMEOUT_MS);
  afterAll(() => program.remove());

  /** Where the machine stalls, requests that were granted in time arrive late: then it is measured again, one store at a time. */
  async function measure(redisUrl: string | undefined): Promise<Measured> {
    const lastStart = performance.now() + TRIES_MS;
    for (let again = false; ; again = true) {
      const calls = again ? inTurn(() => callFromAll(redisUrl)) : callFromAll(redisUrl);
      const found = measuredOf(await calls);
      const isKept = found.refused <= MOST_REFUSED && found.used.every((share) => share >= LEAST_USED);
      if (isKept || performance.now() > lastStart) return found;
    }
  }

  let last: Promise<unknown> = Promise.resolve();
  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  }

  async function callFromAll(redisUrl: string | undefined): Promise<Logged[]> {
    const simulator = createNetskopeSimulator({
      token: TOKEN,
      rateLimit: { requestsPerSecond: V2.requests, dialect: 'ratelimit-reset' },
      v1RateLimit: V1,
    });
    const database = await makeEmptyPostgres();
    const start = await openStart();
    try {
      await migrated(database.url);
      const input: CallerInput = {
        baseUrl: await simulator.listen(),
        token: TOKEN,
        connectionId: newId('connection'),
        databaseUrl: database.url,
        ...(redisUrl === undefined ? {} : { redisUrl }),
        uses: USES.map(({ manifest, call }) => ({ manifest, call })),
        concurrency: 2,
        startUrl: start.url,
      };
      await Promise.all(Array.from({ length: PROCESSES }, () => program.run(input)));
      const from = new Date(start.startedAt + WARM_UP_MS).toISOString();
      return simulator.requests().recent.filter(({ at }) => at >= from);
    } finally {
      await start.close();
      await simulator.close();
      await database.remove();
    }
  }

  it.each(['Redis', 'PostgreSQL'])(
    'are kept and used by eight processes that share them in %s',
    async (place) => {
      const { refused, used } = await measured.get(place)!;
      expect(refused).toBeLessThanOrEqual(MOST_REFUSED);
      for (const share of used) expect(share).toBeGreaterThanOrEqual(LEAST_USED);
    },
  );
}

/** Lets all processes begin at once: when the last of them is ready. */
async function openStart(): Promise<{ url: string; readonly startedAt: number; close(): Promise<void> }> {
  const waiting: ServerResponse[] = [];
  let startedAt = 0;
  const { url, close } = await startLoopbackVendor((_, response) => {
    waiting.push(response);
    if (waiting.length < PROCESSES) return;
    startedAt = Date.now();
    for (const one of waiting) one.end(String(WARM_UP_MS + MEASURED_MS));
  });
  return {
    url,
    close,
    get startedAt() {
      return startedAt;
    },
  };
}

function measuredOf(requests: readonly Logged[]): Measured {
  const refused = requests.filter(({ status }) => status === 429).length;
  const used = USES.map(({ manifest, call, limit }) => {
    const { path } = manifest.calls.find(({ name }) => name === call)!;
    const taken = requests.filter((request) => request.path === path && request.status !== 429);
    const times = taken.map(({ at }) => Date.parse(at));
    return usedOf(times, limit);
  });
  return { refused: requests.length === 0 ? 1 : refused / requests.length, used };
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
