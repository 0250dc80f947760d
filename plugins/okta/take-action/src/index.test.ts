import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { LifecycleAction } from '@drover-plugins/okta-client';
import {
  createHarness,
  manualClock,
  type MockedReply,
  type PluginHarness,
  pluginObject,
  pluginObjects,
  vendorMock,
} from '@drover/testing';
import type { Outcome } from '@drover/plugin-sdk';
import action from './index.js';

const ORG = 'https://example.okta.example';
const TOKEN = 'a-token-of-the-okta-api';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));

const USERS = '/api/v1/users';
const ADA = `${USERS}/ada%40example.com`;
const ID = '00u1a2B3c4D5e6F7g8H9';
const OWNER = { id: '00u0w0N0e0R000000000', login: 'api.owner@example.com', status: 'ACTIVE' };
const prepared = { owner: OWNER };
const ada = pluginObject({ id: 'obj_1', type: 'identity', value: 'ada@example.com' });

let harness: PluginHarness;
let clock: ReturnType<typeof manualClock>;
afterEach(() => harness.close());

function start(does: LifecycleAction = 'suspend'): PluginHarness {
  clock = manualClock();
  harness = createHarness({
    definition: action,
    manifest,
    connection: { settings: { baseUrl: ORG }, secrets: { apiToken: TOKEN } },
    config: { action: does, confirmDeactivate: does === 'deactivate' },
    clock,
  });
  return harness;
}

const GOOD: MockedReply = { status: 200 };

function error(status: number, errorCode: string, ...causes: string[]): MockedReply {
  const errorCauses = causes.map((errorSummary) => ({ errorSummary }));
  const errorSummary = `Words of ${errorCode}.`;
  return { status, body: { errorCode, errorSummary, errorLink: errorCode, errorId: 'oae1', errorCauses } };
}

function user(status: string, more: object = {}): MockedReply {
  return { status: 200, body: { id: ID, status, profile: { login: 'ada@example.com' }, ...more } };
}

const NOT_ACTIVE = error(400, 'E0000001', 'Cannot suspend a user that is not active');
const NOT_SUSPENDED = error(400, 'E0000001', 'Cannot unsuspend a user that is not suspended');
const NO_SUCH = error(404, 'E0000007');
const NOT_LOCKED = error(403, 'E0000032');

function inShort(outcome: Outcome): string {
  return 'code' in outcome ? `${outcome.status} ${outcome.code}` : outcome.status;
}

function limited(limit: number, waitS: number): MockedReply {
  const now = new Date(clock?.now() ?? 0);
  return {
    status: 429,
    headers: {
      date: now.toUTCString(),
      'x-rate-limit-limit': String(limit),
      'x-rate-limit-remaining': '0',
      'x-rate-limit-reset': String(Math.floor(now.getTime() / 1_000) + waitS),
    },
  };
}

interface Rung {
  name: string;
  does?: LifecycleAction;
  /** Answers to the change, one after the other; made late where they tell the time. */
  answers: (MockedReply | (() => MockedReply))[];
  /** The answer to asking for the user. */
  reads?: MockedReply;
  outcome?: string;
  /** What the outcome's sentence holds. */
  says?: string;
  /** What is written to the object. */
  status?: string;
  retryable?: boolean;
  /** A fault of the whole hook. */
  fault?: object;
  slept?: number[];
  vendorWrites?: number;
}

const LADDER: Rung[] = [
  { name: 'suspend: all good', answers: [GOOD], outcome: 'succeeded', status: 'SUSPENDED', vendorWrites: 1 },
  { name: 'unsuspend: all good', does: 'unsuspend', answers: [GOOD], outcome: 'succeeded', status: 'ACTIVE' },
  {
    name: 'deactivate: all good',
    does: 'deactivate',
    answers: [GOOD],
    outcome: 'succeeded',
    status: 'DEPROVISIONED',
  },
  { name: 'unlock: all good', does: 'unlock', answers: [GOOD], outcome: 'succeeded', status: 'ACTIVE' },
  {
    name: 'an empty object',
    answers: [{ status: 200, body: {} }],
    outcome: 'succeeded',
    status: 'SUSPENDED',
  },
  {
    name: 'suspend: suspended already',
    answers: [NOT_ACTIVE],
    reads: user('SUSPENDED'),
    outcome: 'unchanged USER_STATUS_REACHED',
    says: 'ada@example.com as SUSPENDED already',
    status: 'SUSPENDED',
  },
  ...['STAGED', 'PROVISIONED', 'RECOVERY', 'PASSWORD_EXPIRED', 'LOCKED_OUT', 'DEPROVISIONED'].map(
    (status): Rung => ({
      name: `suspend: ${status}`,
      answers: [NOT_ACTIVE],
      reads: user(status),
      outcome: 'rejected USER_STATUS_UNFIT',
      says: `as ${status}, and only users who are ACTIVE can be suspended`,
    }),
  ),
  {
    name: 'suspend: not active a moment ago, and active now',
    answers: [NOT_ACTIVE],
    reads: user('ACTIVE'),
    outcome: 'failed USER_STATUS_UNSETTLED',
    says: 'Cannot suspend a user that is not active',
    retryable: true,
  },
  {
    name: 'suspend: no such user',
    answers: [NO_SUCH],
    reads: NO_SUCH,
    outcome: 'rejected USER_NOT_FOUND',
    says: 'Okta has no user ada@example.com',
  },
  {
    name: 'suspend: a 404 for one who is deprovisioned',
    answers: [NO_SUCH],
    reads: user('DEPROVISIONED'),
    outcome: 'rejected USER_STATUS_UNFIT',
    says: 'DEPROVISIONED',
  },
  {
    name: 'unsuspend: active already',
    does: 'unsuspend',
    answers: [NOT_SUSPENDED],
    reads: user('ACTIVE'),
    outcome: 'unchanged USER_STATUS_REACHED',
    status: 'ACTIVE',
  },
  {
    name: 'unsuspend: deprovisioned',
    does: 'unsuspend',
    answers: [NOT_SUSPENDED],
    reads: user('DEPROVISIONED'),
    outcome: 'rejected USER_STATUS_UNFIT',
    says: 'only users who are SUSPENDED can be un-suspended',
  },
  {
    name: 'deactivate: deprovisioned already, which Okta calls not found',
    does: 'deactivate',
    answers: [NO_SUCH],
    reads: user('DEPROVISIONED'),
    outcome: 'unchanged USER_STATUS_REACHED',
    status: 'DEPROVISIONED',
  },
  {
    name: 'deactivate: no such user',
    does: 'deactivate',
    answers: [NO_SUCH],
    reads: NO_SUCH,
    outcome: 'rejected USER_NOT_FOUND',
  },
  {
    name: 'deactivate: under way already',
    does: 'deactivate',
    answers: [NO_SUCH],
    reads: user('ACTIVE', { transitioningToStatus: 'DEPROVISIONED' }),
    outcome: 'unchanged USER_STATUS_REACHED',
    says: 'ACTIVE already and on the way to DEPROVISIONED',
    status: 'ACTIVE',
  },
  {
    name: 'deactivate: not in this status',
    does: 'deactivate',
    answers: [error(403, 'E0000038')],
    reads: user('PROVISIONED'),
    outcome: 'rejected USER_CHANGE_REFUSED',
    says: 'Words of E0000038',
  },
  {
    name: 'unlock: not locked',
    does: 'unlock',
    answers: [NOT_LOCKED],
    reads: user('ACTIVE'),
    outcome: 'unchanged USER_STATUS_REACHED',
    status: 'ACTIVE',
  },
  {
    name: 'unlock: suspended',
    does: 'unlock',
    answers: [NOT_LOCKED],
    reads: user('SUSPENDED'),
    outcome: 'rejected USER_STATUS_UNFIT',
    says: 'as SUSPENDED, and only users who are LOCKED_OUT can be unlocked',
  },
  {
    name: 'unlock: locked, and of a directory',
    does: 'unlock',
    answers: [NOT_LOCKED],
    reads: user('LOCKED_OUT'),
    outcome: 'rejected USER_CHANGE_REFUSED',
    says: 'changed in that directory',
  },
  {
    name: '400 of another kind',
    answers: [error(400, 'E0000003')],
    reads: user('LOCKED_OUT'),
    outcome: 'rejected USER_STATUS_UNFIT',
  },
  { name: '401', answers: [error(401, 'E0000011')], fault: { code: 'CREDENTIALS_REFUSED' }, vendorWrites: 0 },
  {
    name: '403: the token may not',
    answers: [error(403, 'E0000006')],
    fault: { code: 'CREDENTIALS_REFUSED', message: expect.stringContaining('lifecycle/suspend') },
  },
  { name: '403 without a code', answers: [{ status: 403 }], fault: { code: 'CREDENTIALS_REFUSED' } },
  {
    name: '403 when the user is asked for',
    answers: [NOT_ACTIVE],
    reads: error(403, 'E0000006'),
    fault: { code: 'CREDENTIALS_REFUSED' },
  },
  {
    name: '404 that is none of Okta’s',
    answers: [{ status: 404, body: '<html>Nothing here</html>' }],
    outcome: 'failed VENDOR_ANSWER_INVALID',
    retryable: true,
  },
  {
    name: '429 with a reset that is near, by Okta’s clock and a second more',
    answers: [() => limited(600, 3), GOOD],
    outcome: 'succeeded',
    slept: [4_000],
    vendorWrites: 1,
  },
  {
    name: '429 with a reset that is far',
    answers: [() => limited(600, 45)],
    fault: { code: 'RATE_LIMITED', retryAfterMs: 46_000 },
    vendorWrites: 0,
  },
  {
    name: '429 for too many calls at once: its reset means nothing',
    answers: [() => limited(0, 45), GOOD],
    outcome: 'succeeded',
  },
  { name: '429 without a header', answers: [{ status: 429 }, GOOD], outcome: 'succeeded' },
  { name: '500 then good', answers: [{ status: 500 }, GOOD], outcome: 'succeeded', vendorWrites: 2 },
  {
    name: '500 after it was done: what was done is not done twice, and is told',
    answers: [{ status: 500 }, NOT_ACTIVE],
    reads: user('SUSPENDED'),
    outcome: 'unchanged USER_STATUS_REACHED',
    says: 'an earlier try whose answer got lost',
    status: 'SUSPENDED',
  },
  {
    name: '500 and 500',
    answers: [{ status: 500 }, { status: 500 }, { status: 500 }],
    outcome: 'failed VENDOR_UNAVAILABLE',
    retryable: true,
  },
  {
    name: 'a malformed body',
    answers: [{ status: 200, body: '{"cut o' }],
    outcome: 'failed VENDOR_ANSWER_INVALID',
    retryable: true,
  },
  {
    name: 'a page in the place of an answer',
    answers: [{ status: 200, body: '<html>Sign in</html>' }],
    outcome: 'failed VENDOR_ANSWER_INVALID',
  },
  {
    name: 'an error under 200',
    answers: [{ status: 200, body: { errorCode: 'E0000009' } }],
    outcome: 'failed VENDOR_ANSWER_INVALID',
  },
  {
    name: 'a user who is no user',
    answers: [NOT_ACTIVE],
    reads: { status: 200, body: { id: ID } },
    outcome: 'failed VENDOR_ANSWER_INVALID',
  },
];

describe('one user', () => {
  const vendor = vendorMock(ORG);

  test.each(LADDER)('$name', async (rung) => {
    const { does = 'suspend', answers, reads, fault, outcome, slept, vendorWrites } = rung;
    const left = [...answers];
    const answer = () => {
      const next = left.shift()!;
      return typeof next === 'function' ? next() : next;
    };
    vendor.post(`${ADA}/lifecycle/${does}`, answer, { times: answers.length });
    if (reads !== undefined) vendor.get(ADA, reads);
    const report = await start(does).execute([ada], { prepared });
    expect(report.breaches).toEqual([]);
    if (fault === undefined) expect(report.fault).toBeUndefined();
    else expect(report.fault).toMatchObject(fault);
    expect(report.outcomes.map(inShort)).toEqual(outcome === undefined ? [] : [outcome]);
    expect(vendor.requests).toHaveLength(answers.length + (reads === undefined ? 0 : 1));
    if (rung.says !== undefined) {
      expect(report.outcomes).toMatchObject([{ message: expect.stringContaining(rung.says) }]);
    }
    if (rung.status !== undefined) {
      const attributes = [{ name: 'Okta Status', value: rung.status }];
      expect(report.outcomes).toMatchObject([{ writeBack: { attributes } }]);
    }
    if (rung.retryable !== undefined) expect(report.outcomes).toMatchObject([{ retryable: rung.retryable }]);
    if (slept !== undefined) expect(clock.slept).toEqual(slept);
    if (vendorWrites !== undefined) expect(report.figures.vendorWrites).toBe(vendorWrites);
  });

  test('shows the token in Okta’s own way, and nothing else', async () => {
    vendor.post(`${ADA}/lifecycle/suspend`, GOOD);
    await start().execute([ada], { prepared });
    const [{ headers, query, body }] = vendor.requests as [(typeof vendor.requests)[number]];
    expect([headers['authorization'], query, body]).toEqual([`SSWS ${TOKEN}`, {}, undefined]);
  });

  test('a connection that was refused has carried nothing', async () => {
    vendor.fail('POST', `${ADA}/lifecycle/suspend`, { code: 'ECONNREFUSED', times: 3 });
    const { outcomes, figures } = await start().execute([ada], { prepared });
    expect(outcomes.map(inShort)).toEqual(['failed VENDOR_UNREACHABLE']);
    expect(figures.vendorWrites).toBe(0);
  });
});

describe('which user', () => {
  const vendor = vendorMock(ORG);
  const suspend = async (value: string, aliases: string[] = []) => {
    const object = pluginObject({ id: 'obj_1', type: 'identity', value, aliases });
    const { outcomes } = await start().execute([object], { prepared });
    return outcomes.map(inShort);
  };

  test.each([
    ['an id', ID, ID],
    ['a login with odd characters', 'a b+c?d#e%f@example.com', 'a%20b%2Bc%3Fd%23e%25f%40example.com'],
    ['a short name', 'ada', 'ada'],
  ])('%s is sent as it is, encoded', async (_what, value, encoded) => {
    vendor.post(`${USERS}/${encoded}/lifecycle/suspend`, GOOD);
    expect(await suspend(value)).toEqual(['succeeded']);
  });

  test.each([
    ['a login with a slash', 'corp/ada', 'corp/ada'],
    ['quotes and backslashes in it', 'corp/a"d\\a', 'corp/a\\"d\\\\a'],
    ['"me", who would be the owner of the token', 'me', 'me'],
    ['"ME"', 'ME', 'ME'],
    ['dots', '..', '..'],
  ])('%s is asked for by its login and sent as an id', async (_what, value, quoted) => {
    const query = { filter: `profile.login eq "${quoted}"`, limit: '2' };
    vendor.get(USERS, { status: 200, body: [user('ACTIVE').body] }, { query });
    vendor.post(`${USERS}/${ID}/lifecycle/suspend`, GOOD);
    expect(await suspend(value)).toEqual(['succeeded']);
  });

  test('a login with a slash that Okta does not know', async () => {
    vendor.get(USERS, { status: 200, body: [] });
    expect(await suspend('corp/nobody')).toEqual(['rejected USER_NOT_FOUND']);
  });

  test('an id among the aliases is taken for a login with a slash, and asks for nothing', async () => {
    vendor.post(`${USERS}/${ID}/lifecycle/suspend`, GOOD);
    expect(await suspend('corp/ada', ['ada@example.com', ID])).toEqual(['succeeded']);
  });

  test.each([
    ['api.owner@example.com', []],
    ['API.Owner@example.com', []],
    ['api.owner', []],
    [OWNER.id, []],
    ['corp/owner', [OWNER.id]],
  ])('%j %j, who owns the token, is not suspended', async (value, aliases) => {
    expect(await suspend(value, aliases)).toEqual(['rejected USER_OWNS_TOKEN']);
    expect(vendor.requests).toEqual([]);
  });

  test('a login with a slash that turns out to be the owner is not suspended either', async () => {
    vendor.get(USERS, { status: 200, body: [{ ...OWNER, profile: { login: 'corp/owner' } }] });
    expect(await suspend('corp/owner')).toEqual(['rejected USER_OWNS_TOKEN']);
  });

  test('an answer that is no list', async () => {
    vendor.get(USERS, { status: 200, body: { users: [] } });
    expect(await suspend('corp/ada')).toEqual(['failed VENDOR_ANSWER_INVALID']);
  });
});

describe('a batch', () => {
  const vendor = vendorMock(ORG);

  test('a mixed one: each with its own outcome', async () => {
    vendor.post(`${USERS}/ada/lifecycle/suspend`, GOOD);
    vendor.post(`${USERS}/bob/lifecycle/suspend`, NOT_ACTIVE);
    vendor.get(`${USERS}/bob`, user('LOCKED_OUT'));
    vendor.post(`${USERS}/cyd/lifecycle/suspend`, NO_SUCH);
    vendor.get(`${USERS}/cyd`, NO_SUCH);
    vendor.post(`${USERS}/dan/lifecycle/suspend`, NOT_ACTIVE);
    vendor.get(`${USERS}/dan`, user('SUSPENDED'));
    const objects = pluginObjects(['ada', 'bob', 'cyd', 'dan'], { type: 'identity' });
    const { outcomes } = await start().execute(objects, { prepared });
    const byId = Object.fromEntries(outcomes.map((outcome) => [outcome.objectId, inShort(outcome)]));
    expect(byId).toEqual({
      obj_1: 'succeeded',
      obj_2: 'rejected USER_STATUS_UNFIT',
      obj_3: 'rejected USER_NOT_FOUND',
      obj_4: 'unchanged USER_STATUS_REACHED',
    });
  });

  test('a plan sends nothing that writes, and shows each change', async () => {
    vendor.get(`${USERS}/me`, user('ACTIVE'));
    const objects = pluginObjects(['bob', 'cyd'], { type: 'identity' });
    const { figures, planned, outcomes } = await start('deactivate').run(objects, { mode: 'plan' });
    expect(figures.vendorWrites).toBe(0);
    expect(planned).toMatchObject([
      { call: 'deactivateUser', effect: 'destructive', positions: [0] },
      { call: 'deactivateUser', effect: 'destructive', positions: [1] },
    ]);
    expect(outcomes).toMatchObject([{ code: 'PLANNED' }, { code: 'PLANNED' }]);
  });

  test.each([
    [error(401, 'E0000011'), 'CREDENTIALS_REFUSED'],
    [{ status: 404, body: '<html>Not found</html>' }, 'VENDOR_ANSWER_INVALID'],
    [{ status: 200, body: '<html>Sign in</html>' }, 'VENDOR_ANSWER_INVALID'],
  ])('a run at a wrong door ends before it names a user: %j', async (answer, code) => {
    vendor.get(`${USERS}/me`, answer);
    const report = await start().run(pluginObjects(['ada', 'bob'], { type: 'identity' }));
    expect(report).toMatchObject({ fault: { code }, outcomes: [] });
    expect(vendor.requests).toHaveLength(1);
  });
});

describe('the connection test', () => {
  const vendor = vendorMock(ORG);
  const say = (value: unknown) =>
    (value as { step: string; ok: boolean }[]).map(({ step, ok }) => `${ok ? 'ok' : 'NO'} ${step}`);
  const IN = ['ok reach the org', 'ok show the API token'];

  test.each([
    [user('ACTIVE'), { status: 200, body: [] }, [...IN, 'ok read users']],
    [user('ACTIVE'), error(403, 'E0000006'), [...IN, 'NO read users']],
    [error(401, 'E0000011'), undefined, ['ok reach the org', 'NO show the API token']],
    [{ status: 404, body: '<html>' }, undefined, ['NO reach the org']],
    [{ status: 200, body: '<html>' }, undefined, ['NO reach the org']],
  ])('%j, %j', async (owner, users, steps) => {
    vendor.get(`${USERS}/me`, owner);
    if (users !== undefined) vendor.get(USERS, users, { query: { limit: '1' } });
    const { value } = await start().testConnection();
    expect(say(value)).toEqual(steps);
    if (steps.length === 3) expect(value![1]!.detail).toBe('It belongs to ada@example.com.');
  });
});
