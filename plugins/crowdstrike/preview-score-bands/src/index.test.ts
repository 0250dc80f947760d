import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { lintPluginManifest } from '@drover/manifest';
import {
  createCrowdstrikeSimulator,
  type CrowdstrikeSimulator,
  type CrowdstrikeUserSeed,
  makeUsers,
} from '@drover/simulators';
import { createHarness, type PluginHarness } from '@drover/testing';
import command from './index.js';

const CLIENT = { id: 'client-of-tests', secret: 'secret-of-tests' };
const DEFAULTS = { poorUpTo: 350, moderateUpTo: 650, maxUsers: 50_000 };
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));

let simulator: CrowdstrikeSimulator;
let harness: PluginHarness;
afterEach(async () => {
  await harness.close();
  await simulator.close();
});

async function start(users: CrowdstrikeUserSeed[]): Promise<void> {
  simulator = createCrowdstrikeSimulator({ client: CLIENT, users });
  harness = createHarness({
    definition: command,
    manifest,
    connection: {
      settings: { baseUrl: await simulator.listen(), clientId: CLIENT.id },
      secrets: { clientSecret: CLIENT.secret },
    },
    config: {},
  });
}

const user = (riskScore: number | null, ...emailAddresses: string[]) => ({
  primaryDisplayName: 'Somebody',
  riskScore,
  emailAddresses,
});

test('the manifest has no problem, and every call only reads', async () => {
  await start([]);
  expect(lintPluginManifest(manifest)).toEqual([]);
  expect(new Set(manifest.calls.map(({ effect }: { effect: string }) => effect))).toEqual(new Set(['read']));
});

test('counts the users of each band, and those that have none', async () => {
  const scores = [1, 0.65, 0.64, 0.35, 0.34, 0, null];
  await start([
    ...scores.map((score, n) => user(score, `user${n}@example.com`)),
    user(0.9),
    { ...user(1, 'gone@example.com'), archived: true },
  ]);
  const { output, fault } = await harness.command(DEFAULTS);
  expect(fault).toBeUndefined();
  expect(output).toEqual({
    bands: [
      { band: 'Poor', from: 0, to: 350, users: 2, percent: 33.3 },
      { band: 'Moderate', from: 351, to: 650, users: 2, percent: 33.3 },
      { band: 'Good', from: 651, to: 1_000, users: 2, percent: 33.3 },
    ],
    users: 7,
    withoutScore: 1,
    withoutAddress: 1,
    isComplete: true,
  });
});

test('by other bounds', async () => {
  await start([0.9, 0.5, 0.1].map((score, n) => user(score, `user${n}@example.com`)));
  const { output } = await harness.command({ ...DEFAULTS, poorUpTo: 500, moderateUpTo: 900 });
  expect(output).toMatchObject({
    bands: [
      { from: 0, to: 500, users: 2 },
      { from: 501, to: 900, users: 1 },
      { from: 901, to: 1_000, users: 0, percent: 0 },
    ],
  });
});

test('of a tenant without users', async () => {
  await start([]);
  expect((await harness.command(DEFAULTS)).output).toMatchObject({
    users: 0,
    isComplete: true,
    bands: [{ percent: 0 }, {}, {}],
  });
});

test('over pages, and no further than asked', async () => {
  await start(makeUsers(2_500, Date.now()));
  const all = (await harness.command(DEFAULTS)).output as {
    users: number;
    bands: { users: number }[];
    withoutScore: number;
  };
  expect(all).toMatchObject({ users: 2_500, isComplete: true });
  expect(all.bands.reduce((sum, { users }) => sum + users, 0) + all.withoutScore).toBe(2_500);
  const part = (await harness.command({ ...DEFAULTS, maxUsers: 1_000 })).output as {
    users: number;
    withoutAddress: number;
  };
  expect(part).toMatchObject({ isComplete: false });
  expect(part.users + part.withoutAddress).toBe(1_000);
});

test('bounds that leave a band nothing are refused before a call', async () => {
  await start([]);
  const { fault, figures } = await harness.command({ ...DEFAULTS, poorUpTo: 650 });
  expect(fault).toMatchObject({ code: 'CONFIG_INVALID', path: '/moderateUpTo' });
  expect(figures.vendorCalls).toBe(0);
});
