import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { checkConfig, lintPluginManifest } from '@drover/manifest';
import type { Outcome } from '@drover/plugin-sdk';
import {
  createHarness,
  manualClock,
  type MockedReply,
  type PluginHarness,
  pluginObject,
  vendorMock,
} from '@drover/testing';
import action from './index.js';

const TENANT = 'https://tenant.goskope.example';
const USERS = '/api/v2/scim/Users';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));
const config = {
  givenNameAttribute: 'Given Name',
  familyNameAttribute: 'Family Name',
  externalIdAttribute: 'External ID',
  active: true,
};

const attribute = (name: string, value: string) => ({ name, value, source: 'HR' });
const ada = pluginObject({
  id: 'obj_1',
  type: 'identity',
  value: 'ada@example.com',
  aliases: ['ada.b@example.com', 'ada'],
  attributes: [attribute('Given Name', 'Ada'), attribute('External ID', 'hr-1')],
});

const USER = {
  id: 'u-1',
  userName: 'ada@example.com',
  name: { givenName: 'Ada', familyName: '' },
  active: true,
  emails: [{ value: 'ada@example.com', primary: true }, { value: 'ada.b@example.com' }],
  externalId: 'hr-1',
};
const NOBODY: MockedReply = { status: 200, body: { totalResults: 0, Resources: [] } };
const FOUND: MockedReply = { status: 200, body: { totalResults: 1, Resources: [USER] } };
const CREATED: MockedReply = { status: 201, body: USER };
const TAKEN: MockedReply = { status: 409, body: { status: '409', scimType: 'uniqueness', detail: 'taken' } };

let harness: PluginHarness;
let clock: ReturnType<typeof manualClock>;
afterEach(() => harness.close());

function start(changes: object = {}): PluginHarness {
  clock = manualClock();
  harness = createHarness({
    definition: action,
    manifest,
    connection: { settings: { baseUrl: TENANT }, secrets: { apiV2Token: 'a-token-of-the-rest-api-v2' } },
    config: { ...config, ...changes },
    clock,
  });
  return harness;
}

interface Rung {
  name: string;
  /** Of looking the user up, by name and then by its external id. */
  found?: MockedReply[];
  /** Of creating it. */
  created?: MockedReply[];
  outcome?: string;
  fault?: object;
  slept?: number[];
}

const LADDER: Rung[] = [
  { name: 'a user that is missing is created', created: [CREATED], outcome: 'succeeded' },
  { name: 'a user of this name', found: [FOUND], outcome: 'unchanged USER_EXISTS' },
  { name: 'a user with this external id', found: [NOBODY, FOUND], outcome: 'unchanged USER_EXISTS' },
  {
    name: '409, and then it is there',
    found: [NOBODY, NOBODY, FOUND],
    created: [TAKEN],
    outcome: 'unchanged USER_EXISTS',
  },
  {
    name: '409, and it cannot be found',
    found: [NOBODY, NOBODY, NOBODY, NOBODY],
    created: [TAKEN],
    outcome: 'rejected USER_REFUSED',
  },
  {
    name: '400',
    created: [{ status: 400, body: { status: '400', detail: 'userName is too long' } }],
    outcome: 'rejected USER_REFUSED',
  },
  { name: '401', found: [{ status: 401 }], fault: { code: 'CREDENTIALS_REFUSED' } },
  {
    name: '403',
    created: [{ status: 403 }],
    fault: { code: 'CREDENTIALS_REFUSED', message: expect.stringContaining(USERS) },
  },
  { name: '404', found: [{ status: 404 }], outcome: 'failed VENDOR_REFUSED' },
  {
    name: '429 with a reset',
    created: [{ status: 429, headers: { 'ratelimit-reset': '3' } }, CREATED],
    outcome: 'succeeded',
    slept: [3_000],
  },
  { name: '429 without a header', created: [{ status: 429 }, CREATED], outcome: 'succeeded' },
  {
    name: '500 then good: a second user of the name is refused by itself',
    created: [{ status: 500 }, CREATED],
    outcome: 'succeeded',
  },
  {
    name: '500, though it was created: the second try finds it',
    found: [NOBODY, NOBODY, FOUND],
    created: [{ status: 500 }, TAKEN],
    outcome: 'unchanged USER_EXISTS',
  },
  {
    name: 'a malformed body',
    found: [{ status: 200, body: '{"Resou' }],
    outcome: 'failed VENDOR_ANSWER_INVALID',
  },
  {
    name: 'an answer that is no user',
    created: [{ status: 201, body: {} }],
    outcome: 'failed VENDOR_ANSWER_INVALID',
  },
];

function inShort(outcome: Outcome): string {
  return 'code' in outcome ? `${outcome.status} ${outcome.code}` : outcome.status;
}

describe('an identity', () => {
  const vendor = vendorMock(TENANT);

  test.each(LADDER)('$name', async ({ found = [NOBODY, NOBODY], created = [], outcome, fault, slept }) => {
    for (const answer of found) vendor.get(USERS, answer);
    for (const answer of created) vendor.post(USERS, answer);
    const report = await start().execute([ada]);
    expect(report.breaches).toEqual([]);
    if (fault === undefined) expect(report.fault).toBeUndefined();
    else expect(report.fault).toMatchObject(fault);
    expect(report.outcomes.map(inShort)).toEqual(outcome === undefined ? [] : [outcome]);
    expect(vendor.requests).toHaveLength(found.length + created.length);
    if (slept !== undefined) expect(clock.slept).toEqual(slept);
  });

  test('fills the fields of its user, and keeps the id', async () => {
    vendor.get(USERS, NOBODY, { times: 2 });
    vendor.post(USERS, CREATED);
    const { outcomes } = await start({ active: false }).execute([ada]);
    const [byName, byId, post] = vendor.requests;
    expect(byName!.query).toMatchObject({ filter: 'userName eq "ada@example.com"' });
    expect(byId!.query).toMatchObject({ filter: 'externalId eq "hr-1"' });
    expect(post!.headers['content-type']).toBe('application/scim+json');
    expect(post!.body).toEqual({
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      userName: 'ada@example.com',
      name: { givenName: 'Ada' },
      active: false,
      emails: [
        { value: 'ada@example.com', primary: true },
        { value: 'ada.b@example.com', primary: false },
      ],
      externalId: 'hr-1',
      meta: { resourceType: 'User' },
    });
    expect(outcomes).toMatchObject([
      { data: { scimId: 'u-1' }, writeBack: { attributes: [{ name: 'Netskope SCIM ID', value: 'u-1' }] } },
    ]);
  });

  test('says what an existing user has otherwise, and leaves it', async () => {
    vendor.get(USERS, FOUND);
    const { outcomes } = await start({ active: false }).execute([
      { ...ada, attributes: [attribute('Given Name', 'Augusta')] },
    ]);
    expect(outcomes).toMatchObject([{ message: expect.stringContaining('left alone: givenName, active.') }]);
  });

  test('takes names from other attributes where it is told so', async () => {
    vendor.get(USERS, NOBODY);
    vendor.post(USERS, CREATED);
    const mapping = { userNameAttribute: 'UPN', emailAttribute: 'Mail', externalIdAttribute: 'None' };
    const named = {
      ...ada,
      attributes: [attribute('UPN', 'ada@corp.example.com'), attribute('Mail', 'a@example.com')],
    };
    const { outcomes } = await start(mapping).execute([named, { ...ada, id: 'obj_2', attributes: [] }]);
    expect(vendor.requests[1]!.body).toMatchObject({
      userName: 'ada@corp.example.com',
      emails: [{ value: 'a@example.com', primary: true }],
    });
    expect(outcomes.map(inShort).toSorted()).toEqual(['rejected NO_USER_NAME', 'succeeded']);
  });

  test('is looked up in a plan, and not created', async () => {
    vendor.get(USERS, NOBODY, { times: 2 });
    const { planned, outcomes, figures } = await start().execute([ada], { mode: 'plan' });
    expect(planned).toMatchObject([{ call: 'createScimUser', objects: 1 }]);
    expect(outcomes).toMatchObject([{ status: 'skipped', code: 'PLANNED' }]);
    expect(figures.vendorWrites).toBe(0);
  });

  test('of which the run is cancelled is not created', async () => {
    const stop = new AbortController();
    vendor.get(USERS, () => {
      stop.abort();
      return NOBODY;
    });
    const { fault } = await start().execute([ada], { signal: stop.signal });
    expect(fault).toMatchObject({ code: 'CANCELLED' });
    expect(vendor.requests.filter(({ method }) => method === 'POST')).toEqual([]);
  });
});

test('the manifest has no problem, and its config has the documented defaults', () => {
  start();
  expect(lintPluginManifest(manifest)).toEqual([]);
  expect(checkConfig(manifest.config, {})).toEqual({ ok: true, config });
});
