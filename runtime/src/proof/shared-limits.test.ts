import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RateRule } from '@drover/model';
import { START_TIMEOUT_MS, missingPostgres, missingRedis, skipLoudly } from '@drover/testing';
import { CommandLine } from '../end-to-end/command-line.js';
import {
  type BusyWorkers,
  LIMITS,
  LimitedSite,
  type LimitedPath,
  type Place,
  forWorkers,
} from './limited-site.js';
import { packVendor } from './pack-vendor.js';

const PLACES: Place[] = ['Redis', 'PostgreSQL'];
const PATHS = Object.keys(LIMITS) as LimitedPath[];
const WORKERS = 8;
const WARM_UP_MS = 3_000;
/** Three windows of the slower limit. */
const MEASURED_MS = 15_000;
const MOST_REFUSED = 0.01;
const LEAST_USED = 0.9;
/** More than the vendor takes until the end. */
const EXPORTS = 120;

/** So long it is measured again. Limits that are not shared fail every try: eight workers then send eight times as much. */
const TRIES_MS = 60_000;
/** With the start of the workers before, and one more try that began just in time. */
const TIMEOUT_MS = 3 * TRIES_MS;

interface Measured {
  /** From 0 to 1, of the requests that were answered 429. */
  refused: number;
  /** From 0 to 1, of each limit. */
  used: Record<LimitedPath, number>;
  workers: BusyWorkers;
  /** Runs that did not end well. */
  badEnds: number;
}

const missing = missingPostgres() ?? missingRedis();
if (missing === undefined) describe('the documented limits of a vendor', describeLimits);
else skipLoudly('the documented limits of a vendor', missing);

function describeLimits(): void {
  let drover: CommandLine;
  let zip: string;

  beforeAll(async () => {
    drover = await CommandLine.open();
    zip = await packVendor(drover, 'netskope', forWorkers(WORKERS));
  }, START_TIMEOUT_MS);
  afterAll(() => drover.close());

  it.each(PLACES)(
    'are kept and used by eight workers that share them in %s',
    async (place) => {
      const { refused, used, workers, badEnds } = await measure(place, zip);
      expect(refused).toBeLessThanOrEqual(MOST_REFUSED);
      for (const path of PATHS) expect(used[path]).toBeGreaterThanOrEqual(LEAST_USED);
      expect(workers.all).toBe(WORKERS);
      expect(Math.min(workers.exporting, workers.scoring)).toBeGreaterThan(1);
      expect(badEnds).toBe(0);
    },
    TIMEOUT_MS,
  );
}

/** Where the machine stalls, requests that were granted in time arrive late: then the next stretch is measured. */
async function measure(place: Place, zip: string): Promise<Measured> {
  const lastStart = performance.now() + TRIES_MS;
  const site = await LimitedSite.open(place, { zip, workers: WORKERS });
  try {
    for (;;) {
      await site.stockUp(EXPORTS);
      await sleep(WARM_UP_MS);
      const found = await measureOnce(site);
      if (isKept(found) || performance.now() > lastStart) return found;
    }
  } finally {
    await site.close();
  }
}

function isKept({ refused, used }: Measured): boolean {
  return refused <= MOST_REFUSED && PATHS.every((path) => used[path] >= LEAST_USED);
}

async function measureOnce(site: LimitedSite): Promise<Measured> {
  const stretch = { from: Date.now(), to: Date.now() + MEASURED_MS };
  await sleep(MEASURED_MS);
  const requests = site.tenant
    .requests()
    .recent.map(({ at, ...request }) => ({ ...request, at: Date.parse(at) }));
  const within = requests.filter(({ at }) => at >= stretch.from && at < stretch.to);
  const refused = within.filter(({ status }) => status === 429).length;
  const used = PATHS.map((path) => {
    const taken = requests.filter((request) => request.path === path && request.status !== 429);
    const times = taken.map(({ at }) => at);
    return [path, usedOf(LIMITS[path], times, stretch)] as const;
  });
  return {
    refused: within.length === 0 ? 1 : refused / within.length,
    used: Object.fromEntries(used) as Measured['used'],
    workers: await site.workersSince(stretch.from),
    badEnds: await site.badEnds(),
  };
}

/** A limit is so many places, and a request takes one for the time of a window: how much of that time they were taken. */
function usedOf(
  { requests, perMs }: RateRule,
  times: readonly number[],
  { from, to }: { from: number; to: number },
): number {
  const takenMs = times
    .map((at) => Math.min(at + perMs, to) - Math.max(at, from))
    .reduce((sum, ms) => sum + Math.max(0, ms), 0);
  return takenMs / ((to - from) * requests);
}
