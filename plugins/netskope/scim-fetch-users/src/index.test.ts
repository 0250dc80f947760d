import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { lintPluginManifest } from '@drover/manifest';
import { createNetskopeSimulator, type NetskopeState, type Simulator } from '@drover/simulators';
import { createHarness, type PluginHarness } from '@drover/testing';
import feed from './index.js';

const TOKEN = 'a-token-of-the-rest-api-v2';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));
const USERS = Array.from({ length: 2_100 }, (_, nth) => ({
  id: `u${nth}`,
  userName: `u${nth}@example.com`,
  active: nth > 0,
  emails: [{ value: `U${nth}@example.com`, primary: true }, { value: `alias${nth}@example.com` }],
}));

let tenant: Simulator<NetskopeState>;
let harness: PluginHarness;

beforeEach(async () => {
  tenant = createNetskopeSimulator({ token: TOKEN, scim: { users: USERS } });
  harness = createHarness({
    definition: feed,
    manifest: { ...manifest, limits: { ...manifest.limits, rateGroups: undefined } },
    connection: { settings: { baseUrl: await tenant.listen() }, secrets: { apiV2Token: TOKEN } },
    config: { onlyActive: false },
  });
});

afterEach(async () => {
  await harness.close();
  await tenant.close();
});

test('all users come as identities, page by page, and the last page ends the pass', async () => {
  const { pages, drafts, fault, checkpoint } = await harness.pull();
  expect(fault).toBeUndefined();
  expect(pages.map(({ isComplete }) => isComplete)).toEqual([false, false, true]);
  expect(drafts).toHaveLength(2_100);
  expect(drafts[0]).toMatchObject({
    type: 'identity',
    value: 'u0@example.com',
    aliases: ['alias0@example.com'],
  });
  expect(drafts[0]!.attributes).toContainEqual(expect.objectContaining({ name: 'Active', value: false }));
  expect(drafts[0]!.attributes).toContainEqual(
    expect.objectContaining({ name: 'Netskope SCIM ID', value: 'u0' }),
  );
  expect(checkpoint).toEqual({ startIndex: 1 });
});

test('a pull goes on where the last page ended', async () => {
  const { drafts, pages } = await harness.pull({ checkpoint: { startIndex: 2_001 } });
  expect(pages).toHaveLength(1);
  expect(drafts.map(({ value }) => value)).toEqual(USERS.slice(2_000).map(({ userName }) => userName));
});

test('users that are switched off are left out where it is told so, and counted', async () => {
  const { drafts, reasons } = await harness.pull({ config: { onlyActive: true } });
  expect(drafts).toHaveLength(2_099);
  expect(reasons).toMatchObject([{ kind: 'skipped', reason: 'switched off', objects: 1 }]);
});

test('401 ends the pull', async () => {
  tenant.order({ effect: { kind: 'status', status: 401 } });
  expect((await harness.pull()).fault).toMatchObject({ code: 'CREDENTIALS_REFUSED' });
});

test('the manifest has no problem, and the connection test reads', async () => {
  expect(lintPluginManifest(manifest)).toEqual([]);
  expect((await harness.testConnection()).value).toMatchObject([{ ok: true }, { ok: true }, { ok: true }]);
});
