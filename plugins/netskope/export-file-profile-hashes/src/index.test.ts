import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  createHarness,
  manualClock,
  type MockedReply,
  type PluginHarness,
  pluginObjects,
  vendorMock,
} from '@drover/testing';
import type { Outcome } from '@drover/plugin-sdk';
import action from './index.js';

const TENANT = 'https://tenant.goskope.example';
const PATH = '/api/v1/updateFileHashList';
const TOKEN = 'a-token-of-the-rest-api-v1';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));

const MD5 = 'a'.repeat(32);
const SHA256 = 'b'.repeat(64);
const objects = [
  ...pluginObjects([MD5], { subtype: 'MD5' }),
  ...pluginObjects([SHA256], { subtype: 'SHA-256' }).map((object) => ({ ...object, id: 'obj_2' })),
];

let harness: PluginHarness;
let clock: ReturnType<typeof manualClock>;
afterEach(() => harness.close());

function start(): PluginHarness {
  clock = manualClock();
  harness = createHarness({
    definition: action,
    manifest,
    connection: { settings: { baseUrl: TENANT }, secrets: { apiV1Token: TOKEN } },
    config: { fileProfileName: 'Hashes' },
    clock,
  });
  return harness;
}

const GOOD: MockedReply = {
  status: 200,
  body: { status: 'success', msg: 'File Filter Profile updated successfully' },
};

function refusal(...errors: string[]): MockedReply {
  return { status: 200, body: { status: 'error', errorCode: 'Configuration Error', errors } };
}

interface Rung {
  name: string;
  answers: MockedReply[];
  outcomes?: string[];
  fault?: object;
  slept?: number[];
  vendorWrites?: number;
}

const DUPLICATE = 'Duplicate request, no change in file hashes for the file filter - Hashes';
const SENT = ['succeeded', 'succeeded'];

const LADDER: Rung[] = [
  { name: 'all good', answers: [GOOD], outcomes: SENT, vendorWrites: 1 },
  {
    name: 'the same list again',
    answers: [refusal(DUPLICATE)],
    outcomes: ['unchanged LIST_UNCHANGED', 'unchanged LIST_UNCHANGED'],
  },
  {
    name: '500, and on the second try the same list: a lost first try may have put it there',
    answers: [{ status: 500 }, refusal(DUPLICATE)],
    outcomes: ['unchanged LIST_UNCHANGED', 'unchanged LIST_UNCHANGED'],
  },
  {
    name: 'a profile with pending changes',
    answers: [refusal('There is already a pending change for the file profile - Hashes')],
    fault: {
      code: 'FILE_PROFILE_PENDING',
      message: expect.stringContaining('apply or discard them'),
      path: '/fileProfileName',
    },
  },
  {
    name: 'a profile that is not there',
    answers: [refusal('File profile - Hashes does not exist')],
    fault: { code: 'FILE_PROFILE_NOT_FOUND', message: expect.stringContaining('"Hashes"') },
  },
  {
    name: 'an error in words that are not known: status 200 is no success',
    answers: [refusal('Something is odd', 'and more')],
    fault: {
      code: 'FILE_PROFILE_REFUSED',
      message: expect.stringContaining('Something is odd; and more'),
    },
  },
  {
    name: 'an error without words',
    answers: [{ status: 200, body: { status: 'error' } }],
    fault: { code: 'FILE_PROFILE_REFUSED', message: expect.stringContaining('nothing more') },
  },
  {
    name: 'a refused token in an envelope',
    answers: [
      { status: 200, body: { status: 'error', errorCode: 'Authorization Error', errors: ['Unauthorized'] } },
    ],
    fault: { code: 'CREDENTIALS_REFUSED', message: expect.stringContaining('apiV1Token') },
  },
  {
    name: '400',
    answers: [{ status: 400, body: { message: 'no' } }],
    fault: { code: 'VENDOR_REFUSED' },
  },
  { name: '401', answers: [{ status: 401 }], fault: { code: 'CREDENTIALS_REFUSED' }, vendorWrites: 0 },
  {
    name: '403',
    answers: [{ status: 403, body: { status: 'error', errors: ['Unauthorized'] } }],
    fault: { code: 'CREDENTIALS_REFUSED', message: expect.stringContaining(PATH) },
  },
  {
    name: '302 to a login page',
    answers: [{ status: 302, headers: { location: 'https://tenant.goskope.example/login' } }],
    fault: { code: 'REDIRECT_REFUSED' },
  },
  { name: '404', answers: [{ status: 404 }], fault: { code: 'VENDOR_REFUSED' } },
  {
    name: '429 without a header: backs off by itself',
    answers: [{ status: 429 }, GOOD],
    outcomes: SENT,
    vendorWrites: 1,
  },
  {
    name: '429 with a wait that is near',
    answers: [{ status: 429, headers: { 'retry-after': '4' } }, GOOD],
    outcomes: SENT,
    slept: [4_000],
  },
  {
    name: '429 with a wait that is far',
    answers: [{ status: 429, headers: { 'retry-after': '60' } }],
    fault: { code: 'RATE_LIMITED', retryAfterMs: 60_000 },
    vendorWrites: 0,
  },
  { name: '500, then good', answers: [{ status: 500 }, GOOD], outcomes: SENT, vendorWrites: 2 },
  {
    name: '500 for good',
    answers: [{ status: 500 }, { status: 503 }, { status: 500 }],
    fault: { code: 'VENDOR_UNAVAILABLE', retryable: true },
  },
  {
    name: 'a malformed body: the update may be repeated',
    answers: [{ status: 200, body: '{"status": "succ' }],
    fault: { code: 'VENDOR_ANSWER_INVALID', retryable: true },
  },
  {
    name: 'a body of another kind',
    answers: [{ status: 200, body: ['success'] }],
    fault: { code: 'VENDOR_ANSWER_INVALID' },
  },
  {
    name: 'JSON under a text content type',
    answers: [{ status: 200, body: JSON.stringify(GOOD.body) }],
    outcomes: SENT,
  },
];

function inShort(outcome: Outcome): string {
  return 'code' in outcome ? `${outcome.status} ${outcome.code}` : outcome.status;
}

describe('an export', () => {
  const vendor = vendorMock(TENANT);

  test.each(LADDER)('$name', async ({ answers, outcomes, fault, slept, vendorWrites }) => {
    for (const answer of answers) vendor.post(PATH, answer);
    const report = await start().execute(objects);
    expect(report.breaches).toEqual([]);
    if (fault === undefined) expect(report.fault).toBeUndefined();
    else expect(report.fault).toMatchObject(fault);
    expect(report.outcomes.map(inShort)).toEqual(outcomes ?? []);
    expect(JSON.stringify(report)).not.toContain(TOKEN);
    if (slept !== undefined) expect(clock.slept).toEqual(slept);
    if (vendorWrites !== undefined) expect(report.figures.vendorWrites).toBe(vendorWrites);
  });

  test('is one call, with the token in the body and nowhere else', async () => {
    vendor.post(PATH, GOOD);
    await start().execute(objects);
    const [request] = vendor.requests;
    expect(request!.body).toEqual({ name: 'Hashes', list: `${MD5},${SHA256}`, token: TOKEN });
    expect(request!.query).toEqual({});
    expect(JSON.stringify(request!.headers)).not.toContain(TOKEN);
  });

  test('an answer that echoes the token is masked', async () => {
    vendor.post(PATH, refusal(`The token ${TOKEN} may not`));
    const { fault } = await start().execute(objects);
    expect(fault?.message).toContain('may not');
    expect(JSON.stringify(fault)).not.toContain(TOKEN);
  });

  test('a mixed collection: what is no hash is rejected and not sent', async () => {
    vendor.post(PATH, GOOD);
    const mixed = pluginObjects(['x'.repeat(32), MD5, `${MD5}0`], { subtype: 'MD5' });
    const { outcomes } = await start().execute(mixed);
    expect(outcomes.map((outcome) => `${outcome.objectId} ${inShort(outcome)}`)).toEqual([
      'obj_1 rejected HASH_MALFORMED',
      'obj_3 rejected HASH_MALFORMED',
      'obj_2 succeeded',
    ]);
    expect(vendor.requests[0]!.body).toMatchObject({ list: MD5 });
  });

  test.each([
    ['nothing that can be used', pluginObjects(['nonsense'], { subtype: 'MD5' })],
    ['nothing', []],
  ])('a collection of %s overwrites nothing', async (_what, few) => {
    const { outcomes, figures, fault } = await start().execute(few);
    expect(fault).toBeUndefined();
    expect(outcomes.map(({ status }) => status)).toEqual(few.map(() => 'rejected'));
    expect(figures.vendorCalls).toBe(0);
  });

  test('a connection without the v1 token says what is missing', async () => {
    harness = createHarness({
      definition: action,
      manifest,
      connection: { settings: { baseUrl: TENANT }, secrets: { apiV2Token: 'a-token-of-version-2' } },
      config: { fileProfileName: 'Hashes' },
    });
    expect(await harness.execute(objects)).toMatchObject({
      fault: { code: 'SECRET_NOT_SET', message: expect.stringContaining('apiV1Token') },
      figures: { vendorCalls: 0 },
    });
  });

  test('a plan sends nothing', async () => {
    const { figures } = await start().execute(objects, { mode: 'plan' });
    expect(figures.vendorCalls).toBe(0);
  });
});
