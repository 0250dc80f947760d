import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { lintPluginManifest } from '@drover/manifest';
import type { Outcome } from '@drover/plugin-sdk';
import { createNetskopeSimulator, type NetskopeSimulatorOptions } from '@drover/simulators';
import { createHarness, pluginObjects } from '@drover/testing';
import action from './index.js';

const TOKEN = 'a-token-of-the-rest-api-v2';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));
const USERS = ['u0', 'u1', 'u2'].map((id) => ({ id, userName: `${id}@example.com` }));

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function start(tenant: Partial<NetskopeSimulatorOptions> = {}, config: object = {}) {
  const simulator = createNetskopeSimulator({ token: TOKEN, scim: { users: USERS }, ...tenant });
  const harness = createHarness({
    definition: action,
    manifest: { ...manifest, limits: { ...manifest.limits, rateGroups: undefined } },
    connection: { settings: { baseUrl: await simulator.listen() }, secrets: { apiV2Token: TOKEN } },
    config: { groupName: 'Watched', ...config },
  });
  closing.push(
    () => harness.close(),
    () => simulator.close(),
  );
  return { simulator, harness, groups: () => simulator.state().scim.groups };
}

const identities = (...values: string[]) => pluginObjects(values, { type: 'identity' });
const inShort = (outcomes: Outcome[]) =>
  outcomes.map((outcome) => ('code' in outcome ? `${outcome.status} ${outcome.code}` : outcome.status));

describe('a group', () => {
  test('that is missing is made, with its members', async () => {
    const { harness, groups } = await start({}, { externalId: 'dir-7' });
    const { outcomes } = await harness.run(
      identities('u0@example.com', 'u1@example.com', 'nobody@example.com'),
    );
    expect(inShort(outcomes).toSorted()).toEqual(['rejected NO_SCIM_USER', 'succeeded', 'succeeded']);
    expect(groups()).toMatchObject([{ displayName: 'Watched', externalId: 'dir-7', members: ['u0', 'u1'] }]);
    expect(outcomes.find(({ objectId }) => objectId === 'obj_1')).toMatchObject({
      writeBack: { attributes: [{ name: 'Netskope SCIM ID', value: 'u0' }] },
    });
  });

  test('that is there takes those that it has not', async () => {
    const { harness, groups } = await start({
      scim: { users: USERS, groups: [{ id: 'g', displayName: 'watched', members: ['u0'] }] },
    });
    const { outcomes } = await harness.run(identities('u0@example.com', 'u2@example.com'));
    expect(inShort(outcomes)).toEqual(['unchanged ALREADY_MEMBER', 'succeeded']);
    expect(groups()).toMatchObject([{ id: 'g', members: ['u0', 'u2'] }]);
  });

  test('is taken from an answer with a body as from one without', async () => {
    const { harness, groups } = await start({ scim: { users: USERS, patchAnswer: 'body' } });
    expect(inShort((await harness.run(identities('u0@example.com'))).outcomes)).toEqual(['succeeded']);
    expect(groups()).toMatchObject([{ members: ['u0'] }]);
  });

  test('is not made in a plan', async () => {
    const { harness, groups } = await start();
    const { planned } = await harness.run(identities('u0@example.com'), { mode: 'plan' });
    expect(planned).toMatchObject([{ call: 'createScimGroup' }]);
    expect(groups()).toEqual([]);
  });

  test('needs the right to write groups', async () => {
    const { harness } = await start({ privileges: { '/api/v2/scim/Groups': 'read' } });
    const { fault } = await harness.run(identities('u0@example.com'));
    expect(fault).toMatchObject({
      code: 'CREDENTIALS_REFUSED',
      message: expect.stringContaining('/scim/Groups'),
    });
  });

  test('that is deleted meanwhile ends the run', async () => {
    const { harness, simulator } = await start();
    await harness.prepare();
    simulator.reset();
    const { fault } = await harness.execute(identities('u0@example.com'));
    expect(fault).toMatchObject({ code: 'SCIM_GROUP_GONE' });
  });
});

test('the connection test reads groups', async () => {
  const { harness } = await start();
  expect((await harness.testConnection()).value).toMatchObject([{ ok: true }, { ok: true }, { ok: true }]);
});

test('the manifest has no problem', () => {
  expect(lintPluginManifest(manifest)).toEqual([]);
});
