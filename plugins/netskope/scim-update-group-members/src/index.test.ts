import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { checkConfig, lintPluginManifest } from '@drover/manifest';
import type { Outcome } from '@drover/plugin-sdk';
import { createNetskopeSimulator, type NetskopeSimulatorOptions } from '@drover/simulators';
import { createHarness, pluginObjects, vendorMock } from '@drover/testing';
import action from './index.js';

const TOKEN = 'a-token-of-the-rest-api-v2';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));
const USERS = ['u0', 'u1', 'u2', 'u3'].map((id) => ({ id, userName: `${id}@example.com` }));
const GROUPS = [
  { id: 'g', displayName: 'Watched', members: ['u0', 'u1'] },
  { id: 'other', displayName: 'Other', members: ['u3'] },
];

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function inShort(outcomes: Outcome[]): Record<string, string> {
  return Object.fromEntries(
    outcomes.map((outcome) => [
      outcome.objectId,
      'code' in outcome ? `${outcome.status} ${outcome.code}` : outcome.status,
    ]),
  );
}

function harnessOf(baseUrl: string, config: object) {
  const harness = createHarness({
    definition: action,
    manifest: { ...manifest, limits: { ...manifest.limits, rateGroups: undefined } },
    connection: { settings: { baseUrl }, secrets: { apiV2Token: TOKEN } },
    config: { groupName: 'Watched', operation: 'add', ...config },
  });
  closing.push(() => harness.close());
  return harness;
}

async function start(config: object, tenant: Partial<NetskopeSimulatorOptions> = {}) {
  const simulator = createNetskopeSimulator({
    token: TOKEN,
    scim: { users: USERS, groups: GROUPS },
    ...tenant,
  });
  const harness = harnessOf(await simulator.listen(), config);
  closing.push(() => simulator.close());
  const members = (id = 'g') => simulator.state().scim.groups.find((group) => group.id === id)!.members;
  return { simulator, harness, members };
}

const identities = (...values: string[]) => pluginObjects(values, { type: 'identity' });

describe('the members of a group', () => {
  test('are added: those that are in stay, strangers are named', async () => {
    const { harness, members } = await start({ operation: 'add' });
    const { outcomes, breaches } = await harness.execute(
      identities('U1@example.com', 'u2@example.com', 'nobody@example.com'),
    );
    expect(breaches).toEqual([]);
    expect(inShort(outcomes)).toEqual({
      obj_1: 'unchanged ALREADY_MEMBER',
      obj_2: 'succeeded',
      obj_3: 'rejected NO_SCIM_USER',
    });
    expect(members()).toEqual(['u0', 'u1', 'u2']);
    expect(members('other')).toEqual(['u3']);
  });

  test('are removed: those that are not in are unchanged', async () => {
    const { harness, members } = await start({ operation: 'remove' });
    const { outcomes } = await harness.execute(identities('u1@example.com', 'u2@example.com'));
    expect(inShort(outcomes)).toEqual({ obj_1: 'succeeded', obj_2: 'unchanged NOT_A_MEMBER' });
    expect(members()).toEqual(['u0']);
  });

  test('are exchanged: what is missing comes in, then what is not wanted goes out', async () => {
    const { harness, members, simulator } = await start({ operation: 'replace' });
    const { outcomes, figures } = await harness.execute(identities('u1@example.com', 'u2@example.com'));
    expect(inShort(outcomes)).toEqual({ obj_1: 'unchanged ALREADY_MEMBER', obj_2: 'succeeded' });
    expect(members()).toEqual(['u1', 'u2']);
    expect(simulator.state().scim.writes.memberPatches).toBe(2);
    expect(figures.log).toContainEqual({
      level: 'info',
      message: 'membership difference',
      fields: { add: 1, remove: 1 },
    });
  });

  test('are not emptied by a collection that names no user', async () => {
    const { harness, members } = await start({ operation: 'replace' });
    const { outcomes } = await harness.execute(identities('nobody@example.com'));
    expect(inShort(outcomes)).toEqual({ obj_1: 'rejected NO_SCIM_USER' });
    expect(members()).toEqual(['u0', 'u1']);
  });

  test('that two identities share get one change, and both their outcome', async () => {
    const { harness, members } = await start({ operation: 'add' });
    const [first, second] = identities('u2@example.com', 'two@example.com');
    const { outcomes } = await harness.execute([first!, { ...second!, aliases: ['u2@example.com'] }]);
    expect(inShort(outcomes)).toEqual({ obj_1: 'succeeded', obj_2: 'succeeded' });
    expect(members()).toEqual(['u0', 'u1', 'u2']);
  });

  test('go out in PATCHes of 5,000, and are looked up page by page', async () => {
    const users = Array.from({ length: 5_200 }, (_, nth) => ({
      id: `n${nth}`,
      userName: `n${nth}@example.com`,
    }));
    const { harness, members, simulator } = await start(
      { operation: 'add' },
      { scim: { users, groups: [{ id: 'g', displayName: 'Watched' }] } },
    );
    const { outcomes } = await harness.execute(identities(...users.map(({ userName }) => userName)));
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['succeeded']));
    expect(members()).toHaveLength(5_200);
    expect(simulator.state().scim.writes.memberPatches).toBe(2);
    expect(simulator.requests().byRoute['GET /api/v2/scim/Users']?.requests).toBe(6);
  });

  test('stay as they are in a plan, which shows the difference', async () => {
    const { harness, members, simulator } = await start({ operation: 'replace' });
    const { planned, outcomes } = await harness.execute(identities('u1@example.com', 'u2@example.com'), {
      mode: 'plan',
    });
    expect(planned).toMatchObject([{ call: 'patchScimGroup', objects: 1 }]);
    expect(inShort(outcomes)).toMatchObject({ obj_1: 'unchanged ALREADY_MEMBER', obj_2: 'skipped PLANNED' });
    expect(members()).toEqual(['u0', 'u1']);
    expect(simulator.state().scim.writes.memberPatches).toBe(0);
  });

  test('of a group that is not there are nobody’s', async () => {
    const { harness } = await start({ groupName: 'Nobody' });
    const { fault } = await harness.execute(identities('u1@example.com'));
    expect(fault).toMatchObject({ code: 'SCIM_GROUP_NOT_FOUND', path: '/groupName' });
  });
});

describe('on the wire', () => {
  const TENANT = 'https://tenant.goskope.example';
  const vendor = vendorMock(TENANT);
  const GROUP = { id: 'g', displayName: 'Watched', members: [{ value: 'u1' }] };
  const found = () => {
    vendor.get('/api/v2/scim/Groups', { status: 200, body: { totalResults: 1, Resources: [GROUP] } });
    vendor.get('/api/v2/scim/Groups/g', { status: 200, body: GROUP });
    vendor.get('/api/v2/scim/Users', {
      status: 200,
      body: { totalResults: 1, Resources: [{ id: 'u2', userName: 'u2@example.com' }] },
    });
  };

  test.each([
    [204, undefined, 'succeeded'],
    [200, { status: '204', description: 'PATCH Completed' }, 'succeeded'],
    [400, { status: '400', detail: 'Member u2 is no SCIM user' }, 'failed MEMBERS_REFUSED'],
  ])('a PATCH that is answered with %d %j is %s', async (status, body, outcome) => {
    found();
    vendor.patch('/api/v2/scim/Groups/g', { status, ...(body === undefined ? {} : { body }) });
    const { outcomes } = await harnessOf(TENANT, {}).execute(identities('u2@example.com'));
    expect(inShort(outcomes)).toEqual({ obj_1: outcome });
    expect(vendor.requests.at(-1)!.body).toEqual({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'add', path: 'members', value: [{ value: 'u2' }] }],
    });
  });

  test.each([
    ['the group', { id: 'g', displayName: 'Watched', members: [] }, undefined],
    ['a sign-in page', '<!doctype html>', 'VENDOR_ANSWER_INVALID'],
    ['an error under 200', { status: 'error', errors: ['Try again later'] }, 'VENDOR_ANSWER_INVALID'],
  ])('a 200 with %s is taken for what it is', async (_what, body, code) => {
    found();
    vendor.patch('/api/v2/scim/Groups/g', { status: 200, body });
    const { outcomes, fault } = await harnessOf(TENANT, {}).execute(identities('u2@example.com'));
    expect([inShort(outcomes)['obj_1'], fault?.code]).toEqual(
      code === undefined ? ['succeeded', undefined] : [undefined, code],
    );
  });

  test.each([
    [401, 'CREDENTIALS_REFUSED'],
    [403, 'CREDENTIALS_REFUSED'],
    [404, 'SCIM_GROUP_GONE'],
  ])('a PATCH that is answered with %d ends the run with %s', async (status, code) => {
    found();
    vendor.patch('/api/v2/scim/Groups/g', { status });
    const { fault, outcomes } = await harnessOf(TENANT, {}).execute(identities('u2@example.com'));
    expect(fault).toMatchObject({ code });
    expect(outcomes).toEqual([]);
  });
});

test('the manifest has no problem, and needs a group and an operation', () => {
  expect(lintPluginManifest(manifest)).toEqual([]);
  expect(checkConfig(manifest.config, {})).toMatchObject({
    ok: false,
    problems: [
      { message: expect.stringContaining('groupName') },
      { message: expect.stringContaining('operation') },
    ],
  });
});
