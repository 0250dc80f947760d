import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Sites } from './site.js';
import { CRASH_SIZE, runScenario } from './run-scenario.js';
import { SCENARIOS } from './scenarios.js';

const SEED = 1;
/** The ways to cancel share the points of two scenarios. */
const POINTS = 25;
const POINTS_OF_A_CANCEL = 13;
const CONCURRENCY = 2;
const SCENARIO_TIMEOUT_MS = 240_000;

let sites: Sites;

beforeAll(async () => {
  sites = await Sites.make(CRASH_SIZE);
}, 60_000);
afterAll(() => sites.close());

it.each(SCENARIOS)(
  'the books are true, and the pass can be finished, wherever something is killed: $name',
  async (scenario) => {
    const points = scenario.cancel === undefined ? POINTS : POINTS_OF_A_CANCEL;
    const options = { seed: SEED, points, concurrency: CONCURRENCY };
    const { failures, reached, points: tried } = await runScenario(sites, scenario, options);
    expect(failures).toEqual([]);
    expect(tried).toBe(points);
    // The last few commits of a run depend on the time that it takes, and at the first ones there is no plugin to kill.
    expect(reached).toBeGreaterThan(0.5 * points);
  },
  SCENARIO_TIMEOUT_MS,
);
