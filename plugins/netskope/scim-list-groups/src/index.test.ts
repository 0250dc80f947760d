import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { lintPluginManifest } from '@drover/manifest';
import { createNetskopeSimulator, type NetskopeState, type Simulator } from '@drover/simulators';
import { createHarness, type PluginHarness } from '@drover/testing';
import command from './index.js';

const TOKEN = 'a-token-of-the-rest-api-v2';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));
const GROUPS = Array.from({ length: 1_100 }, (_, nth) => ({ id: `g${nth}`, displayName: `Group ${nth}` }));

let tenant: Simulator<NetskopeState>;
let harness: PluginHarness;

beforeEach(async () => {
  tenant = createNetskopeSimulator({ token: TOKEN, scim: { groups: GROUPS } });
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

test('groups are read past the first thousand', async () => {
  const { output } = await harness.command<{ groups: unknown[] }>({ limit: 2_000, startIndex: 1 });
  expect(output).toMatchObject({ total: 1_100, nextIndex: null });
  expect(output!.groups).toHaveLength(1_100);
});

test('a part of them says where the next one starts', async () => {
  const { output } = await harness.command({ limit: 1, startIndex: 2 });
  expect(output).toEqual({
    total: 1_100,
    groups: [{ id: 'g1', displayName: 'Group 1', members: [] }],
    nextIndex: 3,
  });
});

test('the manifest has no problem, and the connection test reads', async () => {
  expect(lintPluginManifest(manifest)).toEqual([]);
  expect((await harness.testConnection()).value).toMatchObject([{ ok: true }, { ok: true }, { ok: true }]);
});
