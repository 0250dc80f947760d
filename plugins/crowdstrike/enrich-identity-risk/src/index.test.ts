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

const CLOUD = 'https://api.us-2.crowdstrike.com';
const PATH = '/identity-protection/combined/graphql/v1';
const TOKEN_PATH = '/oauth2/token';
const BANDS = { poorUpTo: 350, moderateUpTo: 650 };
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));

const identity = (id: string, value: string, aliases: string[] = []) => ({
  ...pluginObject({ id, type: 'identity', value, aliases }),
  subtype: undefined,
});
const objects = [
  identity('obj_1', 'ada@example.com'),
  pluginObject({ id: 'obj_2', subtype: 'Email Address', value: 'Grace@example.com' }),
];

let harness: PluginHarness;
let clock: ReturnType<typeof manualClock>;
afterEach(() => harness.close());

function start(config: object = BANDS): PluginHarness {
  clock = manualClock();
  harness = createHarness({
    definition: action,
    manifest,
    connection: {
      settings: { baseUrl: CLOUD, clientId: 'client-of-tests' },
      secrets: { clientSecret: 'secret-of-tests' },
    },
    config: { ...config },
    clock,
  });
  return harness;
}

const node = (riskScore: number | null, ...emailAddresses: string[]) => ({
  entityId: `id of ${emailAddresses[0]}`,
  primaryDisplayName: 'Somebody',
  secondaryDisplayName: null,
  riskScore,
  emailAddresses,
});

function answer(nodes: unknown[], next?: string): MockedReply {
  const pageInfo = { hasNextPage: next !== undefined, endCursor: next ?? null };
  const extensions = { runtime: 3, remainingPoints: 4_000, reset: 60_000, consumedPoints: nodes.length };
  return { status: 200, body: { data: { entities: { nodes, pageInfo } }, extensions } };
}

const errors = (code: string, message = 'The vendor’s words') => ({
  status: 200,
  body: { data: null, errors: [{ message, extensions: { code }, path: ['entities'] }] },
});

interface Rung {
  name: string;
  answers: MockedReply[];
  outcomes?: string[];
  fault?: object;
  slept?: number[];
  /** Tokens that are fetched. Default 1. */
  tokens?: number;
}

const GOOD = answer([node(0.834, 'ada@example.com'), node(0.1, 'grace@example.com')]);
const FOUND = ['succeeded 0.83 170 Poor', 'succeeded 0.1 900 Good'];
/** Seconds since 1970, so many after the start of a test. */
const SECONDS = (seconds: number) => String(Math.ceil(manualClock().now() / 1_000) + seconds);

const LADDER: Rung[] = [
  { name: 'all good', answers: [GOOD], outcomes: FOUND },
  {
    name: 'in another case',
    answers: [answer([node(0.834, 'ADA@Example.com'), node(0.1, 'gracE@example.com')])],
    outcomes: FOUND,
  },
  {
    name: 'a mixed batch: without a score, and not answered for',
    answers: [answer([node(null, 'ada@example.com')])],
    outcomes: ['unchanged NO_SCORE', 'unchanged USER_UNKNOWN'],
  },
  {
    name: 'over several pages',
    answers: [answer([node(0.834, 'ada@example.com')], 'cursor 2'), answer([node(0.1, 'grace@example.com')])],
    outcomes: FOUND,
  },
  {
    name: 'a next page without a cursor is the last page',
    answers: [
      {
        status: 200,
        body: {
          data: {
            entities: {
              nodes: [node(0.834, 'ada@example.com')],
              pageInfo: { hasNextPage: true, endCursor: null },
            },
          },
        },
      },
    ],
    outcomes: ['succeeded 0.83 170 Poor', 'unchanged USER_UNKNOWN'],
  },
  {
    name: 'two users of one address: the higher risk',
    answers: [
      answer([node(0.2, 'ada@example.com'), node(0.6, 'ada@example.com'), node(null, 'ada@example.com')]),
    ],
    outcomes: ['succeeded 0.6 400 Moderate', 'unchanged USER_UNKNOWN'],
  },
  {
    name: 'a score of 0 is one',
    answers: [answer([node(0, 'ada@example.com')])],
    outcomes: ['succeeded 0 1000 Good', 'unchanged USER_UNKNOWN'],
  },
  {
    name: '400',
    answers: [{ status: 400, body: { errors: [{ code: 400, message: 'query is required' }] } }],
    fault: { code: 'VENDOR_REFUSED', message: expect.stringContaining('query is required') },
  },
  {
    name: '401, then good: the token is renewed once',
    answers: [{ status: 401 }, GOOD],
    outcomes: FOUND,
    tokens: 2,
  },
  {
    name: '401 for good',
    answers: [{ status: 401 }, { status: 401 }],
    fault: { code: 'CREDENTIALS_REFUSED' },
    tokens: 2,
  },
  {
    name: '403',
    answers: [{ status: 403 }],
    fault: { code: 'CREDENTIALS_REFUSED', message: expect.stringContaining(PATH) },
  },
  { name: '404', answers: [{ status: 404 }], fault: { code: 'VENDOR_REFUSED' } },
  {
    name: '429 with a time that is near',
    answers: [{ status: 429, headers: { 'x-ratelimit-retryafter': SECONDS(3) } }, GOOD],
    outcomes: FOUND,
    slept: [3_000],
  },
  {
    name: '429 with a time that is far',
    answers: [{ status: 429, headers: { 'x-ratelimit-retryafter': SECONDS(90_000) } }],
    fault: { code: 'RATE_LIMITED', retryAfterMs: 3_600_000 },
  },
  { name: '429 without a header', answers: [{ status: 429 }, GOOD], outcomes: FOUND },
  { name: '500, then good', answers: [{ status: 500 }, GOOD], outcomes: FOUND },
  {
    name: '500 for good',
    answers: [500, 500, 500].map((status) => ({ status })),
    fault: { code: 'VENDOR_UNAVAILABLE', retryable: true },
  },
  {
    name: 'a malformed body',
    answers: [{ status: 200, body: '{"data": {' }],
    fault: { code: 'VENDOR_ANSWER_INVALID', retryable: true },
  },
  ...[
    {},
    { data: null },
    { data: { entities: { nodes: [] } } },
    answer([{ emailAddresses: ['ada@example.com'] }]).body,
    answer([{ ...node(0, 'ada@example.com'), riskScore: 83 }]).body,
    answer([{ ...node(0, 'ada@example.com'), emailAddresses: 'ada@example.com' }]).body,
  ].map((body) => ({
    name: `a body of another kind: ${JSON.stringify(body).slice(0, 90)}`,
    answers: [{ status: 200, body }],
    fault: { code: 'VENDOR_ANSWER_INVALID' },
  })),
  {
    name: 'a cursor that leads to its own page',
    answers: [answer([], 'same'), answer([], 'same')],
    fault: { code: 'VENDOR_ANSWER_INVALID' },
  },
  {
    name: '200 with errors',
    answers: [errors('INTERNAL_SERVER_ERROR')],
    fault: {
      code: 'VENDOR_UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining('The vendor’s words'),
    },
  },
  {
    name: '200 with a refused query',
    answers: [errors('BAD_USER_INPUT')],
    fault: { code: 'VENDOR_REFUSED' },
  },
  {
    name: '200 with a missing right',
    answers: [errors('FORBIDDEN')],
    fault: { code: 'CREDENTIALS_REFUSED' },
  },
  {
    name: '200 with an empty budget',
    answers: [errors('RATE_LIMITED')],
    fault: { code: 'RATE_LIMITED', retryable: true },
  },
];

function inShort(outcome: Outcome): string {
  if (outcome.status !== 'succeeded') return `${outcome.status} ${outcome.code}`;
  return ['succeeded', ...outcome.writeBack!.attributes!.map(({ value }) => value)].join(' ');
}

describe('a batch', () => {
  const vendor = vendorMock(CLOUD);
  const mintTokens = (count = 1) => {
    for (let nth = 1; nth <= count; nth += 1) {
      const body = { access_token: `a-minted-token-${nth}`, expires_in: 1_799, token_type: 'bearer' };
      vendor.post(TOKEN_PATH, { status: 201, body, headers: { 'X-Cs-Region': 'us-2' } });
    }
  };
  const queries = () => vendor.requests.filter(({ path }) => path === PATH);
  const asked = (nth: number) =>
    (queries()[nth]!.body as { variables: { addresses: string[]; after?: string } }).variables;

  test.each(LADDER)('$name', async ({ answers, outcomes, fault, slept, tokens }) => {
    mintTokens(tokens);
    for (const reply of answers) vendor.post(PATH, reply);
    const report = await start().execute(objects);
    expect(report.breaches).toEqual([]);
    if (fault === undefined) expect(report.fault).toBeUndefined();
    else expect(report.fault).toMatchObject(fault);
    expect(report.outcomes.map(inShort)).toEqual(outcomes ?? []);
    expect(report.figures).toMatchObject({ vendorCalls: answers.length + (tokens ?? 1), vendorWrites: 0 });
    if (slept !== undefined) expect(clock.slept).toEqual(slept);
  });

  test('a refused client stops the run before a query', async () => {
    vendor.post(TOKEN_PATH, { status: 403, body: { errors: [{ code: 403, message: 'access denied' }] } });
    expect((await start().execute(objects)).fault).toMatchObject({
      code: 'CREDENTIALS_REFUSED',
      message: expect.stringMatching(/oauth2\/token.*access denied/s),
    });
  });

  test('writes the score on both scales and the band, and keeps what it was found by', async () => {
    mintTokens();
    vendor.post(PATH, answer([node(0.4242, 'first@example.com', 'Ada@Example.com')]));
    const { outcomes } = await start().execute([objects[0]!]);
    expect(outcomes).toEqual([
      {
        objectId: 'obj_1',
        status: 'succeeded',
        writeBack: {
          attributes: [
            { name: 'Risk Score', value: 0.42 },
            { name: 'Netskope Normalized Score', value: 580 },
            { name: 'Score Band', value: 'Moderate' },
          ],
        },
        data: { entityId: 'id of first@example.com', matchedBy: 'ada@example.com', riskScore: 0.4242 },
      },
    ]);
  });

  test('asks for values and aliases, each spelling once, with the minted token', async () => {
    mintTokens();
    vendor.post(PATH, GOOD);
    const ada = identity('obj_3', 'ada@example.com', ['Ada Lovelace', 'Countess@example.com']);
    await start().execute([...objects, ada]);
    expect(asked(0)).toEqual({
      addresses: [
        'ada@example.com',
        'Grace@example.com',
        'grace@example.com',
        'Countess@example.com',
        'countess@example.com',
      ],
    });
    expect(queries()[0]!.headers).toMatchObject({ authorization: 'Bearer a-minted-token-1' });
    const query = (queries()[0]!.body as { query: string }).query.replace(/\s+/g, ' ');
    for (const part of ['types: [USER]', 'archived: false', 'first: 1000', 'emailAddresses: $addresses']) {
      expect(query).toContain(part);
    }
  });

  test('finds an identity by an alias, the value before it', async () => {
    mintTokens();
    vendor.post(PATH, answer([node(0.9, 'alias@example.com'), node(0.1, 'bob@example.com')]));
    const named = identity('obj_1', 'Ada Lovelace', ['alias@example.com']);
    const bob = identity('obj_2', 'bob@example.com', ['alias@example.com']);
    const { outcomes } = await start().execute([named, bob]);
    expect(outcomes.map(inShort)).toEqual(['succeeded 0.9 100 Poor', 'succeeded 0.1 900 Good']);
    expect(outcomes[0]).toMatchObject({ data: { matchedBy: 'alias@example.com' } });
  });

  test('an identity without an address is skipped, and nothing is asked', async () => {
    const { outcomes, figures } = await start().execute([identity('obj_1', 'Ada Lovelace', ['ada'])]);
    expect(outcomes.map(inShort)).toEqual(['skipped NO_EMAIL_ADDRESS']);
    expect(figures.vendorCalls).toBe(0);
  });

  test('over 1000 addresses go in several queries, each paged on its own', async () => {
    mintTokens();
    const many = Array.from({ length: 500 }, (_, n) =>
      identity(`obj_${n}`, `user${n}@example.com`, [`a${n}@example.com`, `b${n}@example.com`]),
    );
    vendor.post(PATH, answer([node(0.5, 'user0@example.com')], 'cursor 2'));
    vendor.post(PATH, answer([node(0.5, 'b1@example.com')]));
    vendor.post(PATH, answer([node(0.5, 'user499@example.com')]));
    const { outcomes } = await start().execute(many);
    expect([0, 1, 2].map((nth) => asked(nth).addresses.length)).toEqual([1_000, 1_000, 500]);
    expect([0, 1, 2].map((nth) => asked(nth).after)).toEqual([undefined, 'cursor 2', undefined]);
    const succeeded = outcomes.filter(({ status }) => status === 'succeeded').map(({ objectId }) => objectId);
    expect(succeeded).toEqual(['obj_0', 'obj_1', 'obj_499']);
  });

  test('waits when the points do not suffice for another page', async () => {
    mintTokens();
    const poor = answer([node(0.834, 'ada@example.com')], 'cursor 2');
    (poor.body as { extensions: object }).extensions = {
      remainingPoints: 5,
      reset: 4_000,
      consumedPoints: 20,
    };
    vendor.post(PATH, poor);
    vendor.post(PATH, answer([node(0.1, 'grace@example.com')]));
    expect((await start().execute(objects)).outcomes.map(inShort)).toEqual(FOUND);
    expect(clock.slept).toEqual([4_000]);
  });

  test('bands by the bounds of the config; bounds that leave one nothing stop the run', async () => {
    mintTokens();
    vendor.post(PATH, GOOD);
    const run = await start({ poorUpTo: 100, moderateUpTo: 950 }).run(objects);
    expect(run.outcomes.map(inShort)).toEqual(['succeeded 0.83 170 Moderate', 'succeeded 0.1 900 Moderate']);
    await harness.close();
    const refused = await start({ poorUpTo: 500, moderateUpTo: 500 }).run(objects);
    expect(refused).toMatchObject({ outcomes: [], fault: { code: 'CONFIG_INVALID', path: '/moderateUpTo' } });
  });

  test('reads in a plan as well', async () => {
    mintTokens();
    vendor.post(PATH, GOOD);
    const { outcomes } = await start().execute(objects, { mode: 'plan' });
    expect(outcomes.map(inShort)).toEqual(FOUND);
  });

  test('an account of another cloud is asked there', async () => {
    const body = { access_token: 'a-minted-token', expires_in: 1_799 };
    vendor.post(TOKEN_PATH, { status: 201, body, headers: { 'X-Cs-Region': 'eu-1' } });
    elsewhere.post(PATH, GOOD);
    expect((await start().execute(objects)).outcomes.map(inShort)).toEqual(FOUND);
  });
  const elsewhere = vendorMock('https://api.eu-1.crowdstrike.com');

  describe('the connection test', () => {
    const say = (value: unknown) =>
      (value as { step: string; ok: boolean }[]).map(({ step, ok }) => `${ok ? 'ok' : 'NO'} ${step}`);

    test.each([
      [answer([]), ['ok reach CrowdStrike', 'ok get an access token', 'ok read users']],
      [{ status: 403 }, ['ok reach CrowdStrike', 'ok get an access token', 'NO read users']],
      [errors('FORBIDDEN'), ['ok reach CrowdStrike', 'ok get an access token', 'NO read users']],
      [{ status: 200, body: '<html>' }, ['ok reach CrowdStrike', 'ok get an access token', 'NO read users']],
      [{ status: 404 }, ['NO reach CrowdStrike']],
    ])('%j', async (reply, steps) => {
      mintTokens();
      vendor.post(PATH, reply);
      expect(say((await start().testConnection({ config: {} })).value)).toEqual(steps);
    });

    test('a client that is not accepted', async () => {
      vendor.post(TOKEN_PATH, { status: 403 });
      const { value } = await start().testConnection({ config: {} });
      expect(say(value)).toEqual(['ok reach CrowdStrike', 'NO get an access token']);
    });
  });
});
