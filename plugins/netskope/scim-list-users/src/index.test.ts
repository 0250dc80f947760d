import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { lintPluginManifest } from '@drover/manifest';
import { createNetskopeSimulator, type NetskopeState, type Simulator } from '@drover/simulators';
import { createHarness, type PluginHarness } from '@drover/testing';
import command from './index.js';

const TOKEN = 'a-token-of-the-rest-api-v2';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));
const USERS = Array.from({ length: 2_300 }, (_, nth) => ({ id: `u${nth}`, userName: `u${nth}@example.com` }));

let tenant: Simulator<NetskopeState>;
let harness: PluginHarness;

beforeEach(async () => {
  tenant = createNetskopeSimulator({ token: TOKEN, scim: { users: USERS } });
  harness = createHarness({
    definition: command,
    manifest: { ...manifest, limits: { ...manifest.limits, rateGroups: undefined } },
    connection: { settings: { baseUrl: await tenant.listen() }, secrets: { apiV2Token: TOKEN } },
  });
});

afterEach(async () => {
  await harness.close();
  await tenant.close();
});

interface Output {
  total: number;
  users: { id: string }[];
  nextIndex: number | null;
}

test('users are read past the first thousand, as the server gives them', async () => {
  const { output } = await harness.command<Output>({ limit: 5_000, startIndex: 1 });
  expect(output).toMatchObject({ total: 2_300, nextIndex: null });
  expect(output!.users.map(({ id }) => id)).toEqual(USERS.map(({ id }) => id));
  expect(tenant.requests().total).toBe(3);
});

test('a part of them says where the next one starts', async () => {
  const { output } = await harness.command<Output>({ limit: 1_500, startIndex: 101 });
  expect(output).toMatchObject({ total: 2_300, nextIndex: 1_601 });
  expect(output!.users).toHaveLength(1_500);
  expect(output!.users[0]).toMatchObject({ id: 'u100' });
});

test('after the last user there is none', async () => {
  const { output } = await harness.command({ limit: 10, startIndex: 2_301 });
  expect(output).toEqual({ total: 2_300, users: [], nextIndex: null });
});

test('the manifest has no problem, and the connection test reads', async () => {
  expect(lintPluginManifest(manifest)).toEqual([]);
  expect((await harness.testConnection()).value).toMatchObject([{ ok: true }, { ok: true }, { ok: true }]);
});
