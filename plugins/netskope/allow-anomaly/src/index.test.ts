import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { lintPluginManifest } from '@drover/manifest';
import { createNetskopeSimulator, type NetskopeState, type Simulator } from '@drover/simulators';
import { createHarness, type PluginHarness, vendorMock } from '@drover/testing';
import command from './index.js';

const TOKEN = 'a-token-of-the-rest-api-v2';
const ANOMALIES = '/api/v2/incidents/anomalies';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));

let harness: PluginHarness;

function harnessOf(baseUrl: string): PluginHarness {
  return createHarness({
    definition: command,
    manifest: { ...manifest, limits: { ...manifest.limits, rateGroups: undefined } },
    connection: { settings: { baseUrl }, secrets: { apiV2Token: TOKEN } },
  });
}

test('the manifest has no problem, and the action that it undoes names it', () => {
  expect(lintPluginManifest(manifest)).toEqual([]);
  const impacts = new URL('../../create-user-confidence-index-impact/plugin.json', import.meta.url);
  expect(JSON.parse(readFileSync(impacts, 'utf8')).inverse.plugin).toBe(manifest.id);
});

describe('at a tenant', () => {
  let tenant: Simulator<NetskopeState>;
  let anomalyId: string;

  beforeEach(async () => {
    tenant = createNetskopeSimulator({ token: TOKEN });
    const baseUrl = await tenant.listen();
    harness = harnessOf(baseUrl);
    const impact = { user: 'ada@example.com', score: 50, timestamp: Date.now(), source: 'us', reason: 'x' };
    const created = await fetch(`${baseUrl}/api/v2/incidents/user/uciimpact`, {
      method: 'POST',
      headers: { 'netskope-api-token': TOKEN, 'content-type': 'application/json' },
      body: JSON.stringify(impact),
    });
    ({ anomalyId } = (await created.json()) as { anomalyId: string });
  });
  afterEach(async () => {
    await harness.close();
    await tenant.close();
  });

  test('the anomaly of an impact is allowed, with the reason', async () => {
    const { output, figures } = await harness.command({ anomalyId, reason: 'a false alarm' });
    expect(output).toEqual({
      anomalyId,
      changed: true,
      user: 'ada@example.com',
      score: 50,
      reason: 'a false alarm',
    });
    expect(figures).toMatchObject({ vendorCalls: 2, vendorWrites: 1 });
    expect(tenant.state().impacts).toMatchObject([{ allowed: true, reasonForAllowed: 'a false alarm' }]);
  });

  test('one that is allowed stays as it is', async () => {
    await harness.command({ anomalyId, reason: 'a false alarm' });
    const { output, figures } = await harness.command({ anomalyId, reason: 'another' });
    expect(output).toMatchObject({ changed: false, reason: 'a false alarm' });
    expect(figures).toMatchObject({ vendorCalls: 1, vendorWrites: 0 });
  });

  test('a plan shows the call and sends nothing', async () => {
    const report = await harness.command({ anomalyId, reason: 'a false alarm' }, { mode: 'plan' });
    expect(report).toMatchObject({
      planned: { call: 'allowAnomaly', path: `${ANOMALIES}/${anomalyId}/allow` },
      figures: { vendorWrites: 0 },
    });
    expect(tenant.state().impacts).toMatchObject([{ allowed: false }]);
  });

  test('one that nobody has is not found', async () => {
    const { fault } = await harness.command({ anomalyId: 'f'.repeat(24), reason: 'x' });
    expect(fault).toMatchObject({ code: 'ANOMALY_NOT_FOUND', path: '/anomalyId' });
  });

  test('the connection is good', async () => {
    const { value } = await harness.testConnection();
    expect(value).toMatchObject([{ ok: true }, { ok: true }, { step: 'read anomalies', ok: true }]);
  });
});

describe('answers', () => {
  const vendor = vendorMock('https://tenant.goskope.com');
  const input = { anomalyId: 'a1', reason: 'x' };
  beforeEach(() => {
    harness = harnessOf('https://tenant.goskope.com');
  });
  afterEach(() => harness.close());

  test('a refusal has the words of the vendor', async () => {
    vendor.get(`${ANOMALIES}/a1`, { status: 200, body: { markAsAllowed: false } });
    vendor.post(`${ANOMALIES}/a1/allow`, { status: 400, body: { message: 'already closed' } });
    expect((await harness.command(input)).fault).toMatchObject({
      code: 'ANOMALY_NOT_ALLOWED',
      message: expect.stringContaining('already closed'),
    });
  });

  test('a token without the right is told of', async () => {
    vendor.get(`${ANOMALIES}/a1`, { status: 403, body: {} });
    expect((await harness.command(input)).fault).toMatchObject({ code: 'ANOMALY_NOT_ALLOWED' });
  });

  test('something else than an anomaly is no answer', async () => {
    vendor.get(`${ANOMALIES}/a1`, { status: 200, body: { hello: 'world' } });
    expect((await harness.command(input)).fault).toMatchObject({ code: 'VENDOR_ANSWER_INVALID' });
  });

  test.each([
    ['no privilege', { status: 403, body: {} }, 'read anomalies'],
    ['a page for people', { status: 404, body: '<html>' }, 'reach the tenant'],
  ])('a connection test tells of %s', async (_, answer, step) => {
    vendor.get(`${ANOMALIES}/${'0'.repeat(24)}`, answer);
    expect((await harness.testConnection()).value).toContainEqual(
      expect.objectContaining({ step, ok: false }),
    );
  });
});
