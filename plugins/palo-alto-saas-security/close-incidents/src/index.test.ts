import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  createHarness,
  manualClock,
  type MockedReply,
  type PluginHarness,
  pluginObject,
  vendorMock,
} from '@drover/testing';
import type { Outcome, PluginObject } from '@drover/plugin-sdk';
import action from './index.js';

const REGION = 'https://api.aperture-eu.paloaltonetworks.com';
const INCIDENT = '/incident/api/incidents/4';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));
const CONFIG = {
  category: 'Misidentified',
  fromAttributes: false,
  stateAttribute: 'state',
  categoryAttribute: 'category',
  changeCategory: true,
};
const FROM_ATTRIBUTES = { ...CONFIG, category: undefined, fromAttributes: true };

let harness: PluginHarness;
let clock: ReturnType<typeof manualClock>;
afterEach(() => harness.close());

function start(config: object = CONFIG): PluginHarness {
  clock = manualClock();
  harness = createHarness({
    definition: action,
    manifest,
    connection: {
      settings: { baseUrl: REGION, clientId: 'client' },
      secrets: { clientSecret: 'secret-of-tests' },
    },
    config: { ...config },
    clock,
  });
  return harness;
}

type Said = Record<string, string | number>;
const object = (said: Said = { incident_id: 4 }, value = 'example/4', id = 'obj_1'): PluginObject =>
  pluginObject({
    id,
    type: 'incident',
    value,
    attributes: Object.entries(said).map(([name, told]) => ({ name, value: told, source: 'test' })),
  });

const OPEN: MockedReply = { status: 200, body: { incident_id: 4, status: 'Open-New', category: 'new' } };
const closedAs = (category: string): MockedReply => ({
  status: 200,
  body: { incident_id: 4, state: 'Closed', category, status: 'Closed-Whatever', resolved_by: 'ada' },
});
const ANSWER: MockedReply = {
  status: 200,
  body: {
    state: 'closed',
    category: 'business_justified',
    resolved_by: 'api',
    resolution_date: '2026-08-26T07:04:14.598+0000',
  },
};
const refusal = (status: number): MockedReply => ({
  status,
  body: { error: 'x', resolution: 'y', error_description: 'Words of the vendor' },
});

function inShort(outcome: Outcome): string {
  return 'code' in outcome ? `${outcome.status} ${outcome.code}` : outcome.status;
}

interface Rung {
  name: string;
  config?: object;
  said?: Said;
  value?: string;
  /** Answers to reading the incident. */
  reads?: MockedReply[];
  /** Answers to closing it. */
  closes?: MockedReply[];
  outcome?: string;
  /** What the outcome's sentence holds. */
  says?: string;
  /** What is sent when it is closed. */
  sent?: string;
  /** The attribute `category` that is written. */
  writes?: string;
  fault?: object;
  slept?: number[];
}

const LADDER: Rung[] = [
  {
    name: 'all good',
    reads: [OPEN],
    closes: [ANSWER],
    outcome: 'succeeded',
    sent: 'misidentified',
    writes: 'business_justified',
  },
  { name: 'by the value alone', said: {}, reads: [OPEN], closes: [ANSWER], outcome: 'succeeded' },
  { name: 'no id', said: {}, value: 'example', outcome: 'rejected INCIDENT_ID_MISSING', says: 'incident_id' },
  {
    name: 'an id that is none',
    said: { incident_id: '4/state' },
    value: 'x',
    outcome: 'rejected INCIDENT_ID_MISSING',
  },
  {
    name: 'closed with this category',
    reads: [closedAs('misidentified')],
    outcome: 'unchanged INCIDENT_CLOSED',
    says: 'misidentified already',
    writes: 'misidentified',
  },
  {
    name: 'closed with another category',
    reads: [closedAs('in_the_cloud')],
    closes: [ANSWER],
    outcome: 'succeeded',
    sent: 'misidentified',
  },
  {
    name: 'closed with another category, which stays',
    config: { ...CONFIG, changeCategory: false },
    reads: [closedAs('no_reason')],
    outcome: 'unchanged INCIDENT_CLOSED_OTHERWISE',
    says: 'as no_reason',
    writes: 'no_reason',
  },
  { name: 'no such incident', reads: [refusal(404)], outcome: 'rejected INCIDENT_NOT_FOUND' },
  { name: 'gone in between', reads: [OPEN], closes: [refusal(404)], outcome: 'rejected INCIDENT_NOT_FOUND' },
  {
    name: '400',
    reads: [OPEN],
    closes: [refusal(400)],
    outcome: 'rejected CLOSING_REFUSED',
    says: 'Words of the vendor',
  },
  { name: '403', reads: [OPEN], closes: [refusal(403)], fault: { code: 'CREDENTIALS_REFUSED' } },
  {
    name: '429 with a reset',
    reads: [OPEN],
    closes: [{ status: 429, headers: { 'retry-after': '3' } }, ANSWER],
    outcome: 'succeeded',
    slept: [3_000],
  },
  { name: '429 without one', reads: [{ status: 429 }, OPEN], closes: [ANSWER], outcome: 'succeeded' },
  { name: '500, then good', reads: [OPEN], closes: [{ status: 500 }, ANSWER], outcome: 'succeeded' },
  {
    name: '500 for good',
    reads: [OPEN],
    closes: [500, 500, 500].map((status) => ({ status })),
    outcome: 'failed VENDOR_UNAVAILABLE',
  },
  {
    name: 'a body that is none',
    reads: [{ status: 200, body: '<html>' }],
    outcome: 'failed VENDOR_ANSWER_INVALID',
  },
  {
    name: 'an answer without a state',
    reads: [OPEN],
    closes: [{ status: 200, body: {} }],
    outcome: 'failed VENDOR_ANSWER_INVALID',
  },
  {
    name: 'from attributes: closed',
    config: FROM_ATTRIBUTES,
    said: { incident_id: 4, state: 'Closed', category: 'Business Justified' },
    reads: [OPEN],
    closes: [ANSWER],
    outcome: 'succeeded',
    sent: 'business_justified',
  },
  {
    name: 'from attributes by other names',
    config: { ...FROM_ATTRIBUTES, stateAttribute: 'Case', categoryAttribute: 'Why' },
    said: { incident_id: 4, Case: 'closed', Why: 'no_reason', state: 'open' },
    reads: [OPEN],
    closes: [ANSWER],
    outcome: 'succeeded',
    sent: 'no_reason',
  },
  {
    name: 'from attributes: open on both sides',
    config: FROM_ATTRIBUTES,
    said: { state: 'open' },
    reads: [OPEN],
    outcome: 'unchanged INCIDENT_OPEN',
    writes: 'new',
  },
  {
    name: 'from attributes: reopening',
    config: FROM_ATTRIBUTES,
    said: { state: 'open' },
    reads: [closedAs('no_reason')],
    outcome: 'rejected REOPENING_NOT_POSSIBLE',
    says: 'cannot open it again',
  },
  {
    name: 'from attributes: a category that cannot be written',
    config: FROM_ATTRIBUTES,
    said: { state: 'closed', category: 'dismiss' },
    reads: [OPEN],
    outcome: 'rejected CATEGORY_NOT_WRITABLE',
    says: 'not as "dismiss"',
  },
  {
    name: 'from attributes: no category',
    config: FROM_ATTRIBUTES,
    said: { state: 'closed' },
    reads: [OPEN],
    outcome: 'rejected CATEGORY_NOT_WRITABLE',
  },
  {
    name: 'from attributes: closed there with a category that cannot be written',
    config: FROM_ATTRIBUTES,
    said: { state: 'closed', category: 'in_the_cloud' },
    reads: [closedAs('in_the_cloud')],
    outcome: 'unchanged INCIDENT_CLOSED',
  },
  {
    name: 'from attributes: no state',
    config: FROM_ATTRIBUTES,
    outcome: 'skipped STATE_MISSING',
    says: '"state"',
  },
];

describe('the ladder', () => {
  const vendor = vendorMock(REGION);

  test.each(LADDER)('$name', async ({ config, said, value, reads = [], closes = [], ...wanted }) => {
    if (reads.length > 0) {
      vendor.post('/oauth/token', {
        status: 200,
        body: { access_token: 'a-minted-token', expires_in: 7_140 },
      });
    }
    for (const reply of reads) vendor.get(INCIDENT, reply);
    for (const reply of closes) vendor.post(`${INCIDENT}/state`, reply);
    const report = await start(config).execute([object(said, value)]);
    const [outcome] = report.outcomes;
    if (wanted.fault !== undefined) expect(report.fault).toMatchObject(wanted.fault);
    if (wanted.outcome !== undefined) {
      expect(report.fault).toBeUndefined();
      expect(inShort(outcome!)).toBe(wanted.outcome);
      expect(report.breaches).toEqual([]);
    }
    if (wanted.says !== undefined)
      expect(outcome).toMatchObject({ message: expect.stringContaining(wanted.says) });
    if (wanted.sent !== undefined) {
      expect(vendor.requests.at(-1)!.body).toEqual({ state: 'closed', category: wanted.sent });
    }
    if (wanted.writes !== undefined) {
      const { attributes = [] } = (outcome as { writeBack?: { attributes?: object[] } }).writeBack ?? {};
      expect(attributes).toContainEqual({ name: 'category', value: wanted.writes });
    }
    if (wanted.slept !== undefined) expect(clock.slept).toEqual(expect.arrayContaining(wanted.slept));
  });

  describe('with a token', () => {
    beforeEach(() => {
      vendor.post('/oauth/token', {
        status: 200,
        body: { access_token: 'a-minted-token', expires_in: 7_140 },
      });
    });

    test('what the vendor answers is written back, the status by the category', async () => {
      vendor.get(INCIDENT, OPEN);
      vendor.post(`${INCIDENT}/state`, ANSWER);
      const { outcomes } = await start().execute([object()]);
      expect(outcomes).toMatchObject([
        {
          writeBack: {
            status: 'closed',
            attributes: [
              { name: 'state', value: 'closed' },
              { name: 'category', value: 'business_justified' },
              { name: 'status', value: 'Closed-Business Justified' },
              { name: 'resolved_by', value: 'api' },
              { name: 'resolution_date', value: '2026-08-26T07:04:14.598Z' },
            ],
          },
        },
      ]);
    });

    test('a mixed batch: each its own outcome', async () => {
      vendor.get(INCIDENT, OPEN);
      vendor.post(`${INCIDENT}/state`, ANSWER);
      vendor.get('/incident/api/incidents/5', refusal(404));
      const batch = [object(), object({ incident_id: '5' }, 'example/5', 'obj_2'), object({}, 'x', 'obj_3')];
      const { outcomes, breaches } = await start().execute(batch);
      expect([breaches, Object.fromEntries(outcomes.map((one) => [one.objectId, one.status]))]).toEqual([
        [],
        { obj_1: 'succeeded', obj_2: 'rejected', obj_3: 'rejected' },
      ]);
    });

    test('the latest word on an attribute counts, whoever said it', async () => {
      vendor.get(INCIDENT, OPEN);
      const said = [
        { name: 'state', value: 'closed', source: 'an analyst' },
        { name: 'state', value: 'open', source: 'Palo Alto SaaS Security' },
      ];
      const { outcomes } = await start(FROM_ATTRIBUTES).execute([{ ...object(), attributes: said }]);
      expect(outcomes).toMatchObject([{ code: 'INCIDENT_OPEN' }]);
    });

    test('a plan reads, and shows what would be sent', async () => {
      vendor.get(INCIDENT, OPEN);
      const report = await start().run([object()], { mode: 'plan' });
      expect(report.planned).toMatchObject([
        { call: 'closeIncident', effect: 'destructive', path: `${INCIDENT}/state` },
      ]);
      expect(report.figures.vendorWrites).toBe(0);
    });

    test('an abort in the middle of a batch', async () => {
      const abort = new AbortController();
      vendor.get(INCIDENT, () => {
        abort.abort();
        return OPEN;
      });
      const report = await start().execute([object()], { signal: abort.signal });
      expect(report.figures.vendorWrites).toBe(0);
      expect(report.fault ?? report.outcomes[0]).toMatchObject({ code: expect.any(String) });
    });

    test('a time-out is for the run to try again: closing twice is closing once', async () => {
      vendor.get(INCIDENT, OPEN);
      vendor.fail('POST', `${INCIDENT}/state`, { code: 'ETIMEDOUT' });
      expect((await start().execute([object()])).outcomes).toMatchObject([
        { status: 'failed', code: 'VENDOR_TIMEOUT', retryable: true },
      ]);
    });
  });

  test('401 stops the run', async () => {
    vendor.post('/oauth/token', { status: 401, body: { error_description: 'Invalid credentials' } });
    expect((await start().execute([object()])).fault).toMatchObject({ code: 'CREDENTIALS_REFUSED' });
  });
});
