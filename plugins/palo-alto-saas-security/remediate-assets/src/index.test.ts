import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { checkConfig, lintPluginManifest } from '@drover/manifest';
import {
  createHarness,
  manualClock,
  type MockedReply,
  type PluginHarness,
  pluginObject,
  vendorMock,
} from '@drover/testing';
import type { PendingObject } from '@drover/plugin-sdk';
import action from './index.js';

const REGION = 'https://api.aperture-apac.paloaltonetworks.com';
const ASSETS = '/remediation/api/assets';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));
const CONFIG = { remediation: 'Quarantine', removeInheritedSharing: false, pollSeconds: 60, waitMinutes: 10 };

let harness: PluginHarness;
afterEach(() => harness.close());

function start(config: object = {}): PluginHarness {
  harness = createHarness({
    definition: action,
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

const asset = pluginObject({ id: 'obj_1', type: 'asset', value: 'a1b2' });
const parked = (minutesAgo = 0, object = asset): PendingObject => ({
  object,
  token: 'a1b2',
  since: new Date(Date.now() - minutesAgo * 60_000).toISOString(),
  polls: 0,
});
const ACCEPTED: MockedReply = { status: 202 };
const refusal = (status: number): MockedReply => ({
  status,
  body: { error_description: 'Words of the vendor' },
});
const stands = (status: string): MockedReply => ({
  status: 200,
  body: {
    asset_id: 'a1b2',
    asset_name: 'report.docx',
    remediation_type: 'system_quarantine',
    action_taker: 'api',
    action_date: '2026-08-25T21:18:37.148+0000',
    status,
  },
});

describe('a remediation', () => {
  const vendor = vendorMock(REGION);
  beforeEach(() => {
    vendor.post('/oauth/token', { status: 200, body: { access_token: 'a-minted-token', expires_in: 7_140 } });
  });

  test.each([
    ['Quarantine', { remediation_type: 'system_quarantine' }],
    ['Restore', { remediation_type: 'system_restore' }],
    ['Remove public sharing', { remediation_type: 'remove_public_sharing', remove_inherited_sharing: true }],
  ])('%s is asked for, and the object parked', async (remediation, sent) => {
    vendor.post(ASSETS, ACCEPTED);
    const report = await start({ remediation, removeInheritedSharing: true }).execute([asset]);
    expect(vendor.requests.at(-1)!.body).toEqual({ asset_id: 'a1b2', ...sent });
    expect(report).toMatchObject({
      outcomes: [],
      breaches: [],
      pending: [{ objectId: 'obj_1', token: 'a1b2', pollAfterMs: 60_000 }],
    });
  });

  test.each([
    [
      'an asset by its attribute',
      { type: 'asset', value: 'a name', attributes: [['asset_id', 'c3d4']] },
      'c3d4',
    ],
    [
      'an incident by its attribute',
      { type: 'incident', value: 'example/4', attributes: [['asset_id', 'e5f6']] },
      'e5f6',
    ],
    ['an asset by its value', { type: 'asset', value: 'a1b2', attributes: [] }, 'a1b2'],
  ])('of %s', async (_what, { attributes, ...fields }, assetId) => {
    vendor.post(ASSETS, ACCEPTED);
    const said = attributes.map(([name, value]) => ({ name: name!, value: value!, source: 'test' }));
    const report = await start().execute([pluginObject({ id: 'obj_1', ...fields, attributes: said })]);
    expect(vendor.requests.at(-1)!.body).toMatchObject({ asset_id: assetId });
    expect(report.pending).toMatchObject([{ token: assetId }]);
  });

  test.each<[string, MockedReply[], object]>([
    ['no such asset', [refusal(404)], { status: 'rejected', code: 'ASSET_NOT_FOUND' }],
    [
      'a refusal',
      [refusal(400)],
      {
        status: 'rejected',
        code: 'REMEDIATION_REFUSED',
        message: expect.stringContaining('Words of the vendor'),
      },
    ],
    [
      '500 for good',
      [refusal(500), refusal(500), refusal(500)],
      { status: 'failed', code: 'VENDOR_UNAVAILABLE' },
    ],
  ])('%s', async (_what, replies, outcome) => {
    for (const reply of replies) vendor.post(ASSETS, reply);
    expect((await start().execute([asset])).outcomes).toMatchObject([outcome]);
  });

  test('500, then good; a time-out; 429: it may be asked for again and again', async () => {
    vendor.post(ASSETS, { status: 500 });
    vendor.post(ASSETS, ACCEPTED);
    expect((await start().execute([asset])).pending).toHaveLength(1);
    vendor.fail('POST', ASSETS, { code: 'ETIMEDOUT' });
    expect((await harness.execute([asset])).outcomes).toMatchObject([
      { status: 'failed', code: 'VENDOR_TIMEOUT', retryable: true },
    ]);
    vendor.post(ASSETS, { status: 429, headers: { 'retry-after': '2' } });
    vendor.post(ASSETS, ACCEPTED);
    expect((await harness.execute([asset])).pending).toHaveLength(1);
  });

  test('403 stops the run', async () => {
    vendor.post(ASSETS, refusal(403));
    expect((await start().execute([asset])).fault).toMatchObject({ code: 'CREDENTIALS_REFUSED' });
  });

  test('a plan shows it, and sends nothing', async () => {
    vendor.get(ASSETS, refusal(404));
    const report = await start({ remediation: 'Remove public sharing' }).run([asset], { mode: 'plan' });
    expect(report.planned).toMatchObject([{ call: 'removePublicSharing', effect: 'destructive' }]);
    expect(report.figures.vendorWrites).toBe(0);
    expect((await harness.testConnection()).value!.at(-1)).toMatchObject({
      step: 'read remediations',
      ok: true,
    });
  });

  test('done: what SaaS Security says of it is written back', async () => {
    vendor.get(ASSETS, stands('success'), {
      query: { asset_id: 'a1b2', remediation_type: 'system_quarantine' },
    });
    expect((await start().poll([parked()])).outcomes).toMatchObject([
      {
        status: 'succeeded',
        data: { asset_name: 'report.docx' },
        writeBack: {
          attributes: [
            { name: 'remediation_type', value: 'system_quarantine' },
            { name: 'remediation_status', value: 'success' },
            { name: 'remediation_action_taker', value: 'api' },
            { name: 'remediation_action_date', value: '2026-08-25T21:18:37.148Z' },
          ],
        },
      },
    ]);
  });

  test.each<[string, MockedReply, string]>([
    ['pending', stands('pending'), 'pending'],
    ['not known yet', refusal(404), 'does not know it yet'],
    ['a status that nobody has heard of', stands('in_review'), 'in_review'],
  ])('%s: parked again, until the limit', async (_what, reply, words) => {
    vendor.get(ASSETS, reply, { times: 2 });
    expect((await start({ pollSeconds: 5 }).poll([parked(9)])).pending).toMatchObject([
      { pollAfterMs: 5_000 },
    ]);
    expect((await harness.poll([parked(11)])).outcomes).toMatchObject([
      { status: 'failed', code: 'REMEDIATION_TIMED_OUT', message: expect.stringContaining(words) },
    ]);
  });

  test('failed at SaaS Security', async () => {
    vendor.get(ASSETS, stands('Failed'));
    expect((await start().poll([parked()])).outcomes).toMatchObject([
      { status: 'failed', code: 'REMEDIATION_FAILED' },
    ]);
  });

  test('an answer that is none is a fault of the poll, which is tried again', async () => {
    vendor.get(ASSETS, { status: 200, body: [] });
    expect((await start().poll([parked()])).fault).toMatchObject({
      code: 'VENDOR_ANSWER_INVALID',
      retryable: true,
    });
  });
});

test('an incident that names no asset is rejected', async () => {
  const incident = pluginObject({ id: 'obj_1', type: 'incident', value: 'example/4' });
  expect((await start().execute([incident])).outcomes).toMatchObject([{ code: 'ASSET_ID_MISSING' }]);
});

test('the manifest has no problem, and polls for no longer than a day', () => {
  harness = start();
  expect(lintPluginManifest(manifest)).toEqual([]);
  expect(checkConfig(manifest.config, { remediation: 'Restore' })).toMatchObject({
    ok: true,
    config: { pollSeconds: 60, waitMinutes: 10, removeInheritedSharing: false },
  });
  expect(checkConfig(manifest.config, { remediation: 'Delete' }).ok).toBe(false);
});
