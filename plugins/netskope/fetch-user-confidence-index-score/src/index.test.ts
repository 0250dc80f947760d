import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  createHarness,
  manualClock,
  type MockedReply,
  type PluginHarness,
  pluginObject,
  vendorMock,
} from '@drover/testing';
import type { Outcome } from '@drover/plugin-sdk';
import action from './index.js';

const TENANT = 'https://tenant.goskope.example';
const PATH = '/api/v2/incidents/uba/getuci';
const TOKEN = 'a-token-of-the-rest-api-v2';
const DAY_MS = 86_400_000;
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));

const identity = (id: string, value: string, aliases: string[] = []) => ({
  ...pluginObject({ id, type: 'identity', value, aliases }),
  subtype: undefined,
});
const email = (id: string, value: string) => pluginObject({ id, subtype: 'Email Address', value });

const objects = [identity('obj_1', 'ada@example.com'), email('obj_2', 'grace@example.com')];

let harness: PluginHarness;
let clock: ReturnType<typeof manualClock>;
afterEach(() => harness.close());

function start(config = { daysToSearch: 7 }): PluginHarness {
  clock = manualClock();
  harness = createHarness({
    definition: action,
    manifest,
    connection: { settings: { baseUrl: TENANT }, secrets: { apiV2Token: TOKEN } },
    config,
    clock,
  });
  return harness;
}

/** `scores`: one a day, oldest first. */
function entry(userId: string, ...scores: number[]) {
  const confidences = scores.map((confidenceScore, day) => ({ start: day * DAY_MS, confidenceScore }));
  return { userId, confidences };
}

function answer(...usersUci: unknown[]): MockedReply {
  return { status: 200, body: { usersUci } };
}

interface Rung {
  name: string;
  answers: MockedReply[];
  outcomes?: string[];
  fault?: object;
  slept?: number[];
}

const GOOD = answer(entry('ada@example.com', 650, 103), entry('grace@example.com', 900));
const FETCHED = ['succeeded 650', 'succeeded 900'];

const LADDER: Rung[] = [
  { name: 'all good: the highest score of the window', answers: [GOOD], outcomes: FETCHED },
  {
    name: 'in another order and another case',
    answers: [answer(entry('GRACE@Example.com', 900), entry('Ada@Example.COM', 103, 650, 400))],
    outcomes: FETCHED,
  },
  {
    name: 'a mixed batch: without a score, and not answered for',
    answers: [answer(entry('ada@example.com'))],
    outcomes: ['unchanged NO_SCORE', 'unchanged USER_UNKNOWN'],
  },
  {
    name: 'no scores in place of an empty list of them',
    answers: [answer({ userId: 'ada@example.com', confidences: null }, { userId: 'grace@example.com' })],
    outcomes: ['unchanged NO_SCORE', 'unchanged NO_SCORE'],
  },
  {
    name: 'a user whose name ends as another does is another user',
    answers: [answer(entry('da@example.com', 1), entry('aada@example.com', 2))],
    outcomes: ['unchanged USER_UNKNOWN', 'unchanged USER_UNKNOWN'],
  },
  {
    name: 'a user that is answered for twice',
    answers: [
      answer(entry('ada@example.com', 1), entry('ADA@example.com', 5, 2), entry('grace@example.com')),
    ],
    outcomes: ['succeeded 5', 'unchanged NO_SCORE'],
  },
  {
    name: 'a score of 0 is one',
    answers: [answer(entry('ada@example.com', 0), entry('grace@example.com', 0, 0))],
    outcomes: ['succeeded 0', 'succeeded 0'],
  },
  {
    name: '400',
    answers: [{ status: 400, body: { message: ['users must be an array'] } }],
    fault: { code: 'VENDOR_REFUSED', message: expect.stringContaining('users must be an array') },
  },
  { name: '401', answers: [{ status: 401 }], fault: { code: 'CREDENTIALS_REFUSED' } },
  {
    name: '403',
    answers: [{ status: 403 }],
    fault: { code: 'CREDENTIALS_REFUSED', message: expect.stringContaining(PATH) },
  },
  { name: '404', answers: [{ status: 404 }], fault: { code: 'VENDOR_REFUSED' } },
  {
    name: '429 with a reset that is near',
    answers: [{ status: 429, headers: { 'ratelimit-reset': '3' } }, GOOD],
    outcomes: FETCHED,
    slept: [3_000],
  },
  {
    name: '429 with a reset that is far',
    answers: [{ status: 429, headers: { 'ratelimit-reset': '45' } }],
    fault: { code: 'RATE_LIMITED', retryAfterMs: 45_000 },
  },
  { name: '429 without a header', answers: [{ status: 429 }, GOOD], outcomes: FETCHED },
  { name: '500, then good', answers: [{ status: 500 }, GOOD], outcomes: FETCHED },
  {
    name: '500 for good',
    answers: [{ status: 500 }, { status: 500 }, { status: 500 }],
    fault: { code: 'VENDOR_UNAVAILABLE', retryable: true },
  },
  {
    name: 'a malformed body',
    answers: [{ status: 200, body: '{"usersUci": [' }],
    fault: { code: 'VENDOR_ANSWER_INVALID', retryable: true },
  },
  ...[
    {},
    [],
    { usersUci: [{ confidences: [] }] },
    { usersUci: [{ userId: 'ada@example.com', confidences: [{ start: 1, confidenceScore: 'high' }] }] },
  ].map((body) => ({
    name: `a body of another kind: ${JSON.stringify(body)}`,
    answers: [{ status: 200, body }],
    fault: { code: 'VENDOR_ANSWER_INVALID' },
  })),
  {
    name: 'JSON under a text content type',
    answers: [{ status: 200, body: JSON.stringify(GOOD.body) }],
    outcomes: FETCHED,
  },
];

function inShort(outcome: Outcome): string {
  if (outcome.status !== 'succeeded') return `${outcome.status} ${outcome.code}`;
  return `succeeded ${outcome.writeBack!.attributes![0]!.value}`;
}

describe('a batch', () => {
  const vendor = vendorMock(TENANT);

  test.each(LADDER)('$name', async ({ answers, outcomes, fault, slept }) => {
    for (const reply of answers) vendor.post(PATH, reply);
    const report = await start().execute(objects);
    expect(report.breaches).toEqual([]);
    if (fault === undefined) expect(report.fault).toBeUndefined();
    else expect(report.fault).toMatchObject(fault);
    expect(report.outcomes.map(inShort)).toEqual(outcomes ?? []);
    expect(report.figures).toMatchObject({ vendorCalls: answers.length, vendorWrites: 0 });
    if (slept !== undefined) expect(clock.slept).toEqual(slept);
  });

  test('writes the highest score and keeps what it was taken from', async () => {
    vendor.post(PATH, answer(entry('ada@example.com', 300, 650, 103)));
    const { outcomes } = await start().execute([objects[0]!]);
    expect(outcomes).toEqual([
      {
        objectId: 'obj_1',
        status: 'succeeded',
        writeBack: { attributes: [{ name: 'User Confidence Index Score', value: 650 }] },
        data: { windowDays: 7, samples: 3, latest: 103 },
      },
    ]);
  });

  test.each([[7], [1], [365]])(
    'asks for each user once, from %d days before the run',
    async (daysToSearch) => {
      vendor.post(PATH, GOOD);
      const before = Date.now();
      await start({ daysToSearch }).execute([
        ...objects,
        email('obj_3', 'ada@example.com'),
        email('obj_4', 'ADA@example.com'),
      ]);
      const { users, fromTime } = vendor.requests[0]!.body as { users: string[]; fromTime: number };
      expect(users.map((user) => user.toLowerCase())).toEqual(['ada@example.com', 'grace@example.com']);
      expect(fromTime + daysToSearch * DAY_MS).toBeGreaterThanOrEqual(before);
      expect(fromTime + daysToSearch * DAY_MS).toBeLessThanOrEqual(Date.now());
      expect(Object.keys(vendor.requests[0]!.body as object)).toEqual(['users', 'fromTime']);
    },
  );

  test('an identity and an indicator of the same address both get the score', async () => {
    vendor.post(PATH, answer(entry('ada@example.com', 42)));
    const { outcomes } = await start().execute([objects[0]!, email('obj_3', 'Ada@example.com')]);
    expect(outcomes.map(inShort)).toEqual(['succeeded 42', 'succeeded 42']);
  });

  test('a user that is answered for under an alias is found', async () => {
    vendor.post(PATH, answer(entry('A.Lovelace@example.com', 77)));
    const ada = identity('obj_1', 'ada@example.com', ['Ada Lovelace', 'a.lovelace@example.com']);
    expect((await start().execute([ada])).outcomes.map(inShort)).toEqual(['succeeded 77']);
  });

  test('a user that is known under another address only is not said to be unknown', async () => {
    vendor.post(PATH, answer(entry('A.Lovelace@example.com', 77)));
    const { outcomes } = await start().execute([objects[0]!]);
    expect(outcomes).toMatchObject([
      {
        code: 'USER_UNKNOWN',
        message: 'Netskope was asked for ada@example.com, and no answer names it or an alias of it.',
      },
    ]);
  });

  test('scores that an answer repeats for each name of a user count once', async () => {
    const scores = entry('ada@example.com', 300, 650, 103);
    vendor.post(PATH, answer(scores, scores));
    const ada = identity('obj_1', 'ada@example.com', ['a.lovelace@example.com']);
    const also = identity('obj_2', 'a.lovelace@example.com', ['ada@example.com']);
    const { outcomes } = await start().execute([ada, also]);
    expect(outcomes).toMatchObject([{ data: { samples: 3 } }, { data: { samples: 3 } }]);
  });

  test('the name asked for goes before an alias, unless it has no score', async () => {
    const ada = identity('obj_1', 'ada@example.com', ['alias@example.com']);
    vendor.post(PATH, answer(entry('alias@example.com', 9), entry('ada@example.com', 5)));
    expect((await start().execute([ada])).outcomes.map(inShort)).toEqual(['succeeded 5']);
    vendor.post(PATH, answer(entry('alias@example.com', 9), entry('ada@example.com')));
    expect((await harness.execute([ada])).outcomes.map(inShort)).toEqual(['succeeded 9']);
  });

  test('reads in a plan as well', async () => {
    vendor.post(PATH, GOOD);
    const { outcomes } = await start().execute(objects, { mode: 'plan' });
    expect(outcomes.map(inShort)).toEqual(FETCHED);
  });
});

describe('the connection test', () => {
  const vendor = vendorMock(TENANT);
  const say = (value: unknown) =>
    (value as { step: string; ok: boolean }[]).map(({ step, ok }) => `${ok ? 'ok' : 'NO'} ${step}`);

  test.each([
    [answer(), ['ok reach the tenant', 'ok show the API v2 token', 'ok read confidence scores']],
    [{ status: 403 }, ['ok reach the tenant', 'ok show the API v2 token', 'NO read confidence scores']],
    [{ status: 401 }, ['ok reach the tenant', 'NO show the API v2 token']],
    [{ status: 404 }, ['NO reach the tenant']],
    [{ status: 200, body: '<html>' }, ['NO reach the tenant']],
  ])('%j', async (reply, steps) => {
    vendor.post(PATH, reply);
    expect(say((await start().testConnection({ config: {} })).value)).toEqual(steps);
  });
});
