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
const LISTS = '/api/v2/policy/urllist';
const TOKEN = 'a-token-of-the-rest-api-v2';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));
const config = { urlListName: 'Blocked', clearOnManualRun: true, applyPendingChanges: false };

const head = { id: 5, name: 'Blocked', modify_type: 'Edited', pending: 1 };

function list(urls: readonly string[], extra: object = {}): MockedReply {
  const data = { type: 'exact', urls, json_version: 2 };
  return { status: 200, body: { ...head, data, ...extra } };
}

const objects = pluginObjects(['https://a.example/x', 'http://b.example', 'https://b.example', 'c.example']);
const ENTRIES = ['a.example/x', 'b.example', 'c.example'];

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

const prepared = { listId: 5, type: 'exact' };
const SCHEDULED = { prepared, trigger: 'schedule' as const };

interface Rung {
  name: string;
  /** What the vendor answers to the append calls, in order. */
  answers: MockedReply[];
  /** Outcomes as `status CODE`, object by object. */
  outcomes?: string[];
  fault?: object;
  /** The URLs of each append, in order. */
  sent?: string[][];
  slept?: number[];
  vendorWrites?: number;
}

const LANDED = ['succeeded', 'succeeded', 'succeeded', 'succeeded'];
const GOOD = list(['old.example', ...ENTRIES]);

const LADDER: Rung[] = [
  { name: 'all good', answers: [GOOD], outcomes: LANDED, vendorWrites: 1 },
  {
    name: 'one URL refused, told under message: the others are sent again',
    answers: [
      { status: 400, body: { statusCode: 400, message: [['b.example', 'Invalid host']] } },
      list(['a.example/x', 'c.example']),
    ],
    outcomes: ['succeeded', 'rejected URL_REFUSED', 'rejected URL_REFUSED', 'succeeded'],
    sent: [ENTRIES, ['a.example/x', 'c.example']],
  },
  {
    name: 'one URL refused, told under errors, with a scheme that was not sent',
    answers: [
      { status: 400, body: { errors: [['http://B.example', 'Invalid host']] } },
      list(['a.example/x', 'c.example']),
    ],
    outcomes: ['succeeded', 'rejected URL_REFUSED', 'rejected URL_REFUSED', 'succeeded'],
    sent: [ENTRIES, ['a.example/x', 'c.example']],
  },
  {
    name: 'all URLs refused: nothing is sent again',
    answers: [{ status: 400, body: { errors: ENTRIES.map((entry) => [entry, 'no']) } }],
    outcomes: LANDED.map(() => 'rejected URL_REFUSED'),
  },
  {
    name: 'refused a second time: no third try',
    answers: [
      { status: 400, body: { errors: [['b.example', 'no']] } },
      { status: 400, body: { errors: [['c.example', 'no']] } },
    ],
    outcomes: [
      'failed URL_LIST_CALL_REFUSED',
      'rejected URL_REFUSED',
      'rejected URL_REFUSED',
      'rejected URL_REFUSED',
    ],
    sent: [ENTRIES, ['a.example/x', 'c.example']],
  },
  {
    name: 'a 400 that names no URL',
    answers: [{ status: 400, body: { statusCode: 400, message: 'URL list limit exceeded' } }],
    fault: { code: 'URL_LIST_CALL_REFUSED', message: expect.stringContaining('URL list limit exceeded') },
  },
  {
    name: 'a 400 that names URLs which were not sent',
    answers: [{ status: 400, body: { errors: [['other.example', 'no']] } }],
    fault: { code: 'URL_LIST_CALL_REFUSED', message: expect.stringContaining('other.example') },
  },
  {
    name: 'an answer without one of the entries',
    answers: [list(['a.example/x', 'http://c.example'])],
    outcomes: ['succeeded', 'failed URL_NOT_IN_LIST', 'failed URL_NOT_IN_LIST', 'succeeded'],
  },
  {
    name: 'an answer that does not show the entries',
    answers: [list([], { data: { type: 'exact' } })],
    outcomes: LANDED,
  },
  {
    name: '401',
    answers: [{ status: 401, body: { message: 'expired' } }],
    fault: { code: 'CREDENTIALS_REFUSED', message: expect.stringContaining('/append') },
    vendorWrites: 0,
  },
  {
    name: '403',
    answers: [{ status: 403, body: { message: 'no privilege' } }],
    fault: { code: 'CREDENTIALS_REFUSED', message: expect.stringContaining('lack the right to write') },
  },
  {
    name: '404',
    answers: [{ status: 404, body: { message: 'not found' } }],
    fault: { code: 'VENDOR_REFUSED', message: expect.stringContaining('404') },
  },
  {
    name: '429 with a reset that is near',
    answers: [{ status: 429, headers: { 'ratelimit-reset': '3', 'ratelimit-remaining': '0' } }, GOOD],
    outcomes: LANDED,
    slept: [3_000],
    vendorWrites: 1,
  },
  {
    name: '429 with a reset that is far',
    answers: [{ status: 429, headers: { 'ratelimit-reset': '45', 'ratelimit-remaining': '0' } }],
    fault: { code: 'RATE_LIMITED', retryAfterMs: 45_000, retryable: true },
    vendorWrites: 0,
  },
  {
    name: '429 without a header',
    answers: [{ status: 429 }, GOOD],
    outcomes: LANDED,
    vendorWrites: 1,
  },
  { name: '500, then good', answers: [{ status: 500 }, GOOD], outcomes: LANDED, sent: [ENTRIES, ENTRIES] },
  {
    name: '500 for good',
    answers: [{ status: 500 }, { status: 502 }, { status: 503 }],
    fault: { code: 'VENDOR_UNAVAILABLE', retryable: true },
    sent: [ENTRIES, ENTRIES, ENTRIES],
  },
  {
    name: 'a malformed body: the batch may be run again',
    answers: [{ status: 200, body: '{"id": 5, "na' }],
    fault: { code: 'VENDOR_ANSWER_INVALID', retryable: true },
  },
  {
    name: 'a body of another kind',
    answers: [{ status: 200, body: '<html>Welcome</html>' }],
    fault: { code: 'VENDOR_ANSWER_INVALID' },
  },
  {
    name: 'JSON under a text content type',
    answers: [{ status: 200, body: JSON.stringify(GOOD.body) }],
    outcomes: LANDED,
  },
];

function inShort(outcome: Outcome): string {
  return 'code' in outcome ? `${outcome.status} ${outcome.code}` : outcome.status;
}

describe('a batch that adds', () => {
  const vendor = vendorMock(TENANT);

  test.each(LADDER)('$name', async ({ answers, outcomes, fault, sent, slept, vendorWrites }) => {
    for (const answer of answers) vendor.patch(`${LISTS}/5/append`, answer);
    const report = await start().execute(objects, SCHEDULED);
    expect(report.breaches).toEqual([]);
    if (fault === undefined) expect(report.fault).toBeUndefined();
    else expect(report.fault).toMatchObject(fault);
    expect(report.outcomes.map(inShort)).toEqual(outcomes ?? []);
    const urls = vendor.requests.map(({ body }) => (body as { data: { urls: string[] } }).data.urls);
    expect(urls).toEqual(sent ?? answers.map(() => ENTRIES));
    if (slept !== undefined) expect(clock.slept).toEqual(slept);
    if (vendorWrites !== undefined) expect(report.figures.vendorWrites).toBe(vendorWrites);
  });

  test('sends each entry once, with the type of the list, and writes the list’s name back', async () => {
    vendor.patch(`${LISTS}/5/append`, GOOD);
    const { outcomes } = await start().execute(objects, SCHEDULED);
    expect(vendor.requests[0]!.body).toEqual({ data: { type: 'exact', urls: ENTRIES } });
    expect(outcomes[0]).toEqual({
      objectId: 'obj_1',
      status: 'succeeded',
      writeBack: { attributes: [{ name: 'Netskope URL List', value: 'Blocked' }] },
    });
  });

  test('a mixed batch: what breaks a rule is rejected with the reason and not sent', async () => {
    vendor.patch(`${LISTS}/5/append`, list(['good.example']));
    const mixed = pluginObjects([
      'http://[2001:db8::1]/',
      'good.example',
      'user:pw@good.example',
      'x.example:0',
    ]);
    const { outcomes } = await start().execute(mixed, SCHEDULED);
    expect(outcomes).toMatchObject([
      { status: 'rejected', code: 'URL_RULE_BROKEN', message: expect.stringContaining('IPv6') },
      { status: 'succeeded' },
      { status: 'rejected', message: expect.stringContaining('passwords') },
      { status: 'rejected', message: expect.stringContaining('port 0') },
    ]);
    expect(vendor.requests[0]!.body).toEqual({ data: { type: 'exact', urls: ['good.example'] } });
  });

  test('a batch with nothing to send makes no call', async () => {
    const { outcomes, figures } = await start().execute(pluginObjects(['a b.example', '#']), { prepared });
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(figures.vendorCalls).toBe(0);
  });

  test('a regex list gets patterns', async () => {
    const pattern = '^a[.]example/x[?]y=1(?:[:/?&#]|$)';
    vendor.patch(`${LISTS}/5/append`, list([pattern], { data: { type: 'regex', urls: [pattern] } }));
    const { outcomes } = await start().execute(pluginObjects(['https://a.example/x?y=1']), {
      ...SCHEDULED,
      prepared: { listId: 5, type: 'regex' },
    });
    expect(outcomes).toMatchObject([{ status: 'succeeded' }]);
    expect(vendor.requests[0]!.body).toEqual({ data: { type: 'regex', urls: [pattern] } });
  });
});

describe('clearing', () => {
  const vendor = vendorMock(TENANT);

  test.each([
    ['the first batch of a manual pass', { trigger: 'manual', isFirstOfPass: true }, {}, 'replace'],
    ['a later batch of a manual pass', { trigger: 'manual', isFirstOfPass: false }, {}, 'append'],
    ['a scheduled pass', { trigger: 'schedule', isFirstOfPass: true }, {}, 'append'],
    ['an API call', { trigger: 'api', isFirstOfPass: true }, {}, 'append'],
    ['an event', { trigger: 'event', isFirstOfPass: true }, {}, 'append'],
    ['switched off', { trigger: 'manual', isFirstOfPass: true }, { clearOnManualRun: false }, 'append'],
  ] as const)('%s: %j %j', async (_name, settings, changes, call) => {
    vendor.patch(`${LISTS}/5/${call}`, list(ENTRIES));
    const { outcomes } = await start(changes).execute(objects, { prepared, ...settings });
    expect(outcomes.map(({ status }) => status)).toEqual(LANDED);
  });

  test('what is refused while replacing is left out of a second replace', async () => {
    vendor.patch(`${LISTS}/5/replace`, { status: 400, body: { errors: [['b.example', 'no']] } });
    vendor.patch(`${LISTS}/5/replace`, list(['a.example/x', 'c.example']));
    const { outcomes } = await start().execute(objects, { prepared });
    expect(outcomes.map(({ status }) => status)).toEqual(['succeeded', 'rejected', 'rejected', 'succeeded']);
  });
});
