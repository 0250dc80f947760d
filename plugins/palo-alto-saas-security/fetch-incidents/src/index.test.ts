import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { checkConfig } from '@drover/manifest';
import {
  createHarness,
  manualClock,
  type MockedReply,
  type PluginHarness,
  vendorMock,
} from '@drover/testing';
import feed from './index.js';

const REGION = 'https://api.aperture.paloaltonetworks.com';
const DELTA = '/incident/api/incidents/delta';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));
const STARTED_AT = '2026-03-10T11:12:13.456Z';
const CONFIG = {
  firstFetch: '3 days',
  state: 'All',
  severity: [],
  status: [],
  applicationIds: [],
  pageSize: 10,
  overlapMinutes: 2,
  incidentType: 'SaaS Security Incident',
  classifier: [],
};
const T0 = Date.parse('2026-03-09T00:00:00.000Z');
const time = (minute: number) => new Date(T0 + minute * 60_000).toISOString();
const asQuery = (query: Record<string, string>) => `${DELTA}?${new URLSearchParams(query)}`;

let harness: PluginHarness;
afterEach(() => harness.close());

function start(config: object = {}): PluginHarness {
  harness = createHarness({
    definition: feed,
    manifest,
    connection: {
      settings: { baseUrl: REGION, clientId: 'client' },
      secrets: { clientSecret: 'secret-of-tests' },
    },
    config: { ...CONFIG, ...config },
    clock: manualClock(),
  });
  return harness;
}

type Fields = Record<string, unknown>;
const incident = (id: number, minute: number, more: Fields = {}) => ({
  incident_id: id,
  tenant: 'example',
  state: 'open',
  updated_at: time(minute),
  ...more,
});
const incidents = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => incident(from + index, from + index));

describe('a pull', () => {
  const vendor = vendorMock(REGION);
  beforeEach(() => {
    vendor.post('/oauth/token', { status: 200, body: { access_token: 'a-minted-token', expires_in: 7_140 } });
  });
  const page = (resources: unknown[], nextPath?: string, limit = 10): MockedReply => {
    const last = (resources.at(-1) as Fields | undefined)?.['updated_at'] as string | undefined;
    const next = nextPath ?? asQuery({ limit: String(limit), from: last ?? time(0) });
    return { status: 200, body: { limit, nextPath: next, resources } };
  };
  const answer = (...replies: MockedReply[]) => replies.forEach((reply) => vendor.get(DELTA, reply));
  const asked = () => vendor.requests.filter(({ path }) => path === DELTA).map(({ query }) => query);

  test('the first begins as long ago as it is told, with a token for the three scopes', async () => {
    answer(page([]));
    const report = await start({ firstFetch: '12 hours' }).pull({ startedAt: STARTED_AT });
    expect(report.fault).toBeUndefined();
    const [minted, read] = vendor.requests;
    expect(minted).toMatchObject({
      body: expect.stringMatching(
        /^grant_type=client_credentials&scope=api_access[+]incident_api[+]remediation_api$/,
      ),
      headers: { authorization: `Basic ${btoa('client:secret-of-tests')}` },
    });
    expect(read).toMatchObject({
      query: { limit: '10', from: '2026-03-09T23:12:13.456Z' },
      headers: { authorization: 'Bearer a-minted-token' },
    });
    expect(report.checkpoint).toEqual({ updatedAt: '2026-03-09T23:12:13.456Z', seen: [], isAtEnd: true });
  });

  test('filters are sent in the words of the API, as comma lists', async () => {
    answer(page([]));
    const status = ['New', 'In Progress', 'Business Justified'];
    await start({ state: 'Closed', severity: ['1', '5'], status, applicationIds: ['a1', 'b2'] }).pull();
    expect(asked()[0]).toMatchObject({
      state: 'closed',
      severity: '1,5',
      status: 'open-new,open-in progress,closed-business justified',
      app_ids: 'a1,b2',
    });
  });

  test('all pages of a cycle, each with its checkpoint; the last moment is asked for again and brought once', async () => {
    answer(page(incidents(1, 10)), page(incidents(10, 19)), page(incidents(19, 20)));
    const report = await start({ severity: ['2'] }).pull();
    expect(report.drafts.map(({ value }) => value)).toEqual(
      Array.from({ length: 20 }, (_, index) => `example/${index + 1}`),
    );
    expect(asked().slice(1)).toEqual([
      { limit: '10', from: time(10), severity: '2' },
      { limit: '10', from: time(19), severity: '2' },
    ]);
    expect(report.pages.map(({ checkpoint }) => checkpoint)).toEqual([
      { updatedAt: time(10), seen: [10], isAtEnd: false },
      { updatedAt: time(19), seen: [19], isAtEnd: false },
      { updatedAt: time(20), seen: [20], isAtEnd: true },
    ]);
    expect(report.pages.every(({ isComplete }) => !isComplete)).toBe(true);
  });

  test('an incident that changes between two pages comes with what it is then', async () => {
    answer(
      page(incidents(1, 10)),
      page([incident(10, 10), incident(11, 11), incident(3, 30, { state: 'Closed' })]),
    );
    const { drafts } = await start().pull();
    const third = drafts.filter(({ value }) => value === 'example/3');
    expect(third.map(({ status }) => status)).toEqual(['open', 'closed']);
    expect(drafts).toHaveLength(12);
  });

  test('one that changed at the last moment of a page is not lost behind it', async () => {
    answer(page(incidents(1, 10)), page([incident(10, 10), incident(77, 10)]));
    const report = await start().pull();
    expect(report.drafts.at(-1)).toMatchObject({ value: 'example/77' });
    expect(report.checkpoint).toEqual({ updatedAt: time(10), seen: [10, 77], isAtEnd: true });
  });

  test('the next pull begins a little before the end, one that was broken off exactly where it stood', async () => {
    answer(page([]), page([]));
    const checkpoint = { updatedAt: time(10), seen: [10] };
    await start().pull({ checkpoint: { ...checkpoint, isAtEnd: true } });
    const report = await harness.pull({ checkpoint: { ...checkpoint, isAtEnd: false } });
    expect(asked().map(({ from }) => from)).toEqual([time(8), time(10)]);
    expect(report.checkpoint).toEqual({ ...checkpoint, isAtEnd: true });
  });

  test('what is seen again in the overlap comes again, but for the very last', async () => {
    answer(page([incident(9, 9), incident(10, 10)]));
    const { drafts } = await start().pull({ checkpoint: { updatedAt: time(10), seen: [10], isAtEnd: true } });
    expect(drafts.map(({ value }) => value)).toEqual(['example/9']);
  });

  test('a nextPath with a later time is followed with nothing left out', async () => {
    answer(page(incidents(1, 10), asQuery({ limit: '10', from: time(500), to: time(900) })), page([]));
    await start().pull();
    expect(asked()[1]).toEqual({ limit: '10', from: time(10), to: time(900) });
  });

  test.each([
    ['another host', 'https://evil.example.com/incident/api/incidents/delta?limit=10'],
    ['another host without a scheme', '//evil.example.com/incident/api/incidents/delta?limit=10'],
    ['another endpoint', '/incident/api/apps?limit=10'],
    ['a parameter that does not exist', `${DELTA}?limit=10&callback=x`],
  ])('a nextPath to %s is refused, and nothing of the page is passed over', async (_where, nextPath) => {
    answer(page(incidents(1, 10), nextPath));
    const report = await start().pull();
    expect(report).toMatchObject({ fault: { code: 'VENDOR_ANSWER_INVALID' }, pages: [] });
    expect(report.fault!.message).toContain('is not followed');
  });

  test('a full page of one single moment is CURSOR_STUCK, not a loop, and what it held is kept', async () => {
    const same = Array.from({ length: 10 }, (_, index) => incident(index + 1, 5));
    answer(page(same));
    const report = await start().pull();
    expect(report).toMatchObject({ fault: { code: 'CURSOR_STUCK' }, checkpoint: { updatedAt: time(5) } });
    expect(report.fault!.message).toContain('raise the page size');
    expect(report.drafts).toHaveLength(10);
  });

  test('a full page out of order would lose incidents, and ends the pull', async () => {
    answer(page([...incidents(2, 10), incident(1, 1)]));
    const report = await start().pull();
    expect(report).toMatchObject({ fault: { code: 'VENDOR_ANSWER_INVALID' }, pages: [] });
    expect(report.fault!.message).toContain('incident 1 out of order');
  });

  test('a page that is not full may be in any order', async () => {
    answer(page([incident(3, 3), incident(1, 1), incident(2, 2)]));
    const report = await start().pull();
    expect(report).toMatchObject({ checkpoint: { updatedAt: time(3), seen: [3] } });
  });

  test('a fault on a later page keeps the pages before it', async () => {
    answer(page(incidents(1, 10)), ...[503, 503, 503].map((status) => ({ status })));
    const report = await start().pull();
    expect(report).toMatchObject({
      checkpoint: { updatedAt: time(10) },
      fault: { code: 'VENDOR_UNAVAILABLE', retryable: true },
    });
  });

  test('500, then good', async () => {
    answer({ status: 500 }, page(incidents(1, 2)));
    expect((await start().pull()).drafts).toHaveLength(2);
  });

  test('a time-out is a fault that may pass, and the pages before it stay', async () => {
    answer(page(incidents(1, 10)));
    vendor.fail('GET', DELTA, { code: 'ETIMEDOUT' });
    const report = await start().pull();
    expect(report.fault).toMatchObject({ code: 'VENDOR_TIMEOUT', retryable: true });
    expect(report.drafts).toHaveLength(10);
  });

  test('an abort between two pages', async () => {
    const abort = new AbortController();
    // The call for the next page is on its way when the first one is kept.
    answer(page(incidents(1, 10)), page(incidents(11, 20)));
    const report = await start().pull({ signal: abort.signal, onPage: () => abort.abort() });
    expect(report.fault).toBeDefined();
    expect(report.checkpoint).toMatchObject({ updatedAt: time(10) });
  });

  test('429 is waited out', async () => {
    answer({ status: 429, headers: { 'retry-after': '5' } }, page(incidents(1, 2)));
    const report = await start().pull();
    expect(report.drafts).toHaveLength(2);
    expect(report.figures.waitedMs).toBeGreaterThanOrEqual(5_000);
  });

  test.each<[string, unknown]>([
    ['no document', '<html>'],
    ['no list', { limit: 10, nextPath: DELTA }],
    ['an incident without an id', { limit: 10, nextPath: DELTA, resources: [{ tenant: 'x' }] }],
    ['an incident without a time', { limit: 10, nextPath: DELTA, resources: [{ incident_id: 1 }] }],
  ])('%s is VENDOR_ANSWER_INVALID', async (_name, body) => {
    answer({ status: 200, body });
    expect((await start().pull()).fault).toMatchObject({ code: 'VENDOR_ANSWER_INVALID' });
  });

  test('403 ends the pull', async () => {
    answer({ status: 403 });
    expect((await start().pull()).fault).toMatchObject({ code: 'CREDENTIALS_REFUSED' });
  });
});

describe('credentials', () => {
  const vendor = vendorMock(REGION);

  test('a refused client: 401 ends the pull, and says what SaaS Security says', async () => {
    const body = {
      error: 'unauthorized',
      resolution: 'Please submit valid credentials.',
      error_description: 'Invalid credentials',
    };
    vendor.post('/oauth/token', { status: 401, body });
    expect((await start().pull()).fault).toMatchObject({ code: 'CREDENTIALS_REFUSED' });
  });

  test('the connection test uses the filters of the feed, and names the scope that lacks', async () => {
    const minted = { access_token: 'a-minted-token', expires_in: 7_140 };
    vendor.post('/oauth/token', { status: 200, body: minted }, { times: 2 });
    vendor.get(DELTA, { status: 200, body: { limit: 10, nextPath: DELTA, resources: [] } });
    vendor.get(DELTA, { status: 403 });
    const test = await start({ state: 'Open', applicationIds: ['a1'] }).testConnection();
    expect(vendor.requests.at(-1)!.query).toMatchObject({ state: 'open', app_ids: 'a1', limit: '10' });
    expect(test.value!.map(({ ok }) => ok)).toEqual([true, true, true]);
    expect((await harness.testConnection()).value!.at(-1)).toMatchObject({
      ok: false,
      detail: expect.stringContaining('incident_api'),
    });
  });
});

describe('without a call', () => {
  test.each([0, 15, 995, 1_010])('a page size of %d is no config', (pageSize) => {
    const checked = checkConfig(manifest.config, { pageSize });
    expect(checked).toMatchObject({
      ok: false,
      problems: [expect.objectContaining({ code: 'VALUE_OUT_OF_BOUNDS', path: '/pageSize' })],
    });
  });

  test.each(['soon', '999999 years', '90000 months'])(
    'a first fetch of "%s" is refused',
    async (firstFetch) => {
      const { fault } = await start({ firstFetch }).pull({ startedAt: STARTED_AT });
      expect(fault).toMatchObject({ code: 'CONFIG_INVALID', path: '/firstFetch' });
    },
  );

  test.each([[{}], [{ updatedAt: 'x', seen: [] }], [{ updatedAt: STARTED_AT, seen: 'x' }]])(
    'the checkpoint %j is not its own',
    async (checkpoint) => {
      expect((await start().pull({ checkpoint })).fault).toMatchObject({ code: 'CHECKPOINT_INVALID' });
    },
  );
});
