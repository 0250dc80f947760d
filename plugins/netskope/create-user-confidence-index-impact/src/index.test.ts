import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
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

const TENANT = 'https://tenant.goskope.example';
const PATH = '/api/v2/incidents/user/uciimpact';
const SCORES = '/api/v2/incidents/uba/getuci';
const TOKEN = 'a-token-of-the-rest-api-v2';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));
const config = { score: 100, useAttribute: false, source: 'Drover', reason: 'login failed too many times' };

const ada = pluginObject({ id: 'obj_1', subtype: 'Email Address', value: 'ada@example.com' });

let harness: PluginHarness;
let clock: ReturnType<typeof manualClock>;
afterEach(() => harness.close());

function start(changes: Partial<typeof config> = {}): PluginHarness {
  clock = manualClock();
  harness = createHarness({
    definition: action,
    manifest,
    connection: { settings: { baseUrl: TENANT }, secrets: { apiV2Token: TOKEN } },
    config: { ...config, ...changes },
    clock,
  });
  return harness;
}

const CREATED = {
  activity: 'ActivityForUciImpactAPI',
  anomalyCreatedTime: '2026-01-02T03:04:05Z',
  anomalyId: '54cde79c419867912de0c342',
  score: 100,
  user: 'ada@example.com',
};
const GOOD: MockedReply = { status: 200, body: CREATED };

interface Rung {
  name: string;
  answers: MockedReply[];
  outcome?: string;
  /** A fault of the whole hook; a fault of one object is its outcome. */
  fault?: object;
  slept?: number[];
  vendorWrites?: number;
}

const LADDER: Rung[] = [
  { name: 'all good', answers: [GOOD], outcome: 'succeeded', vendorWrites: 1 },
  {
    name: 'an answer without the time of the anomaly',
    answers: [{ status: 200, body: { anomalyId: '54cde79c' } }],
    outcome: 'succeeded',
  },
  {
    name: '400',
    answers: [{ status: 400, body: { message: ['user must be an email'] } }],
    outcome: 'rejected IMPACT_REFUSED',
  },
  { name: '400 without words', answers: [{ status: 400 }], outcome: 'rejected IMPACT_REFUSED' },
  { name: '401', answers: [{ status: 401 }], fault: { code: 'CREDENTIALS_REFUSED' }, vendorWrites: 0 },
  {
    name: '403',
    answers: [{ status: 403 }],
    fault: { code: 'CREDENTIALS_REFUSED', message: expect.stringContaining(PATH) },
  },
  { name: '404', answers: [{ status: 404 }], outcome: 'failed VENDOR_REFUSED' },
  {
    name: '429 with a reset that is near: it was not taken, and is sent',
    answers: [{ status: 429, headers: { 'ratelimit-reset': '3' } }, GOOD],
    outcome: 'succeeded',
    slept: [3_000],
    vendorWrites: 1,
  },
  {
    name: '429 with a reset that is far',
    answers: [{ status: 429, headers: { 'ratelimit-reset': '45' } }],
    fault: { code: 'RATE_LIMITED', retryAfterMs: 45_000 },
    vendorWrites: 0,
  },
  { name: '429 without a header', answers: [{ status: 429 }, GOOD], outcome: 'succeeded' },
  {
    name: '500: it may have been taken, and is not sent again',
    answers: [{ status: 500 }],
    outcome: 'failed VENDOR_NO_ANSWER',
    vendorWrites: 1,
  },
  {
    name: 'a malformed body: it may have been taken',
    answers: [{ status: 200, body: '{"activity": "Act' }],
    outcome: 'failed VENDOR_NO_ANSWER',
  },
  {
    name: 'a body of another kind',
    answers: [{ status: 200, body: '<html>Welcome</html>' }],
    outcome: 'failed VENDOR_NO_ANSWER',
  },
  {
    name: 'an answer without an anomaly',
    answers: [{ status: 200, body: { ...CREATED, anomalyId: undefined } }],
    outcome: 'failed VENDOR_NO_ANSWER',
  },
  {
    name: 'JSON under a text content type',
    answers: [{ status: 200, body: JSON.stringify(CREATED) }],
    outcome: 'succeeded',
  },
];

function inShort(outcome: Outcome): string {
  return 'code' in outcome ? `${outcome.status} ${outcome.code}` : outcome.status;
}

describe('an impact', () => {
  const vendor = vendorMock(TENANT);

  test.each(LADDER)('$name', async ({ answers, outcome, fault, slept, vendorWrites }) => {
    for (const answer of answers) vendor.post(PATH, answer);
    const report = await start().execute([ada]);
    expect(report.breaches).toEqual([]);
    if (fault === undefined) expect(report.fault).toBeUndefined();
    else expect(report.fault).toMatchObject(fault);
    expect(report.outcomes.map(inShort)).toEqual(outcome === undefined ? [] : [outcome]);
    expect(vendor.requests).toHaveLength(answers.length);
    if (slept !== undefined) expect(clock.slept).toEqual(slept);
    if (vendorWrites !== undefined) expect(report.figures.vendorWrites).toBe(vendorWrites);
  });

  test('is sent with the time of the run, and keeps the anomaly that it made', async () => {
    vendor.post(PATH, GOOD);
    const before = Date.now();
    const { outcomes } = await start({ source: 'SOC', reason: 'leaked password' }).execute([ada]);
    const { timestamp, ...sent } = vendor.requests[0]!.body as Record<string, unknown>;
    expect(sent).toEqual({ user: 'ada@example.com', score: 100, source: 'SOC', reason: 'leaked password' });
    expect(timestamp).toBeGreaterThanOrEqual(before);
    expect(timestamp).toBeLessThanOrEqual(Date.now());
    expect(outcomes).toEqual([
      {
        objectId: 'obj_1',
        status: 'succeeded',
        data: {
          anomalyId: '54cde79c419867912de0c342',
          anomalyCreatedTime: '2026-01-02T03:04:05Z',
          score: 100,
        },
      },
    ]);
  });

  test('a mixed batch: one after the other, each with its own outcome', async () => {
    vendor.post(
      PATH,
      ({ body }) => {
        const { user } = body as { user: string };
        return user === 'bad' ? { status: 400, body: { message: 'user must be an email' } } : GOOD;
      },
      { times: 3 },
    );
    const mixed = pluginObjects(['ada@example.com', 'bad', 'grace@example.com'], { type: 'identity' });
    const { outcomes } = await start().execute(mixed);
    const byId = Object.fromEntries(outcomes.map((outcome) => [outcome.objectId, inShort(outcome)]));
    expect(byId).toEqual({ obj_1: 'succeeded', obj_2: 'rejected IMPACT_REFUSED', obj_3: 'succeeded' });
    expect(outcomes.find(({ objectId }) => objectId === 'obj_2')).toMatchObject({
      message: expect.stringContaining('user must be an email'),
    });
  });

  test('with the score of the attribute, where it is there and can be one', async () => {
    vendor.post(PATH, GOOD, { times: 2 });
    const scored = (id: string, value?: string | number) => ({
      ...ada,
      id,
      attributes:
        value === undefined ? [] : [{ name: 'User Confidence Index Score', value, source: 'Netskope' }],
    });
    const { outcomes } = await start({ useAttribute: true }).execute([
      scored('obj_1', 650),
      scored('obj_2'),
      scored('obj_3', 0),
    ]);
    const scores = vendor.requests.map(({ body }) => (body as { score: number }).score);
    expect(scores.toSorted((left, right) => left - right)).toEqual([100, 650]);
    expect(outcomes.find(({ objectId }) => objectId === 'obj_3')).toMatchObject({
      status: 'rejected',
      code: 'SCORE_UNUSABLE',
      message: expect.stringContaining('Nothing was sent'),
    });
  });

  test('a connection that was refused has carried nothing', async () => {
    vendor.fail('POST', PATH, { code: 'ECONNREFUSED' });
    const { outcomes, figures } = await start().execute([ada]);
    expect(outcomes.map(inShort)).toEqual(['failed VENDOR_UNREACHABLE']);
    expect(figures.vendorWrites).toBe(0);
  });

  test('a plan sends nothing', async () => {
    const { figures, planned, outcomes } = await start().execute([ada], { mode: 'plan' });
    expect(figures.vendorCalls).toBe(0);
    expect(planned).toMatchObject([{ call: 'createImpact', effect: 'write', positions: [0], objects: 1 }]);
    expect(outcomes).toMatchObject([{ status: 'skipped', code: 'PLANNED' }]);
  });
});

describe('the connection test', () => {
  const vendor = vendorMock(TENANT);
  const say = (value: unknown) =>
    (value as { step: string; ok: boolean }[]).map(({ step, ok }) => `${ok ? 'ok' : 'NO'} ${step}`);

  test.each([
    [{ status: 200, body: { usersUci: [] } }, ['ok reach the tenant', 'ok show the API v2 token']],
    [{ status: 403 }, ['ok reach the tenant', 'ok show the API v2 token']],
    [{ status: 401 }, ['ok reach the tenant', 'NO show the API v2 token']],
    [{ status: 404 }, ['NO reach the tenant']],
  ])('%j', async (answer, steps) => {
    vendor.post(SCORES, answer);
    const { value } = await start().testConnection();
    expect(say(value)).toEqual(steps);
    if (steps.length === 2 && steps[1]!.startsWith('ok')) {
      expect(value![1]!.detail).toContain('shows only when it does');
    }
  });
});

test('the README names the codes that the runtime gives an impact of which nothing is known', () => {
  const page = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const codes = [...page.matchAll(/^\| `unknown` +\| `(\w+)`/gm)].map(([, code]) => code);
  expect(codes).toEqual(['NO_ANSWER', 'ANSWER_UNREAD']);
});
