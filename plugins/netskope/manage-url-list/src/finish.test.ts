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

const prepared = { listId: 5, type: 'exact' };
const SCHEDULED = { prepared, trigger: 'schedule' as const };

let harness: PluginHarness;
afterEach(() => harness.close());

function start(changes: Partial<typeof config> = {}): PluginHarness {
  harness = createHarness({
    definition: action,
    manifest,
    connection: { settings: { baseUrl: TENANT }, secrets: { apiV2Token: TOKEN } },
    config: { ...config, ...changes },
    clock: manualClock(),
  });
  return harness;
}

describe('the end of a run', () => {
  const vendor = vendorMock(TENANT);
  const none = { unchanged: 0, skipped: 0, rejected: 0, failed: 0, deferred: 0, unknown: 0, succeeded: 0 };
  const wrote = { counts: { ...none, succeeded: 2 }, vendorWrites: 1 };
  const apply = { applyPendingChanges: true };

  test('a list that holds what was sent is fine, and nothing is applied unless asked', async () => {
    vendor.get(`${LISTS}/5`, list(['a.example', 'b.example', 'c.example']));
    expect(await start().finish(wrote, SCHEDULED)).not.toHaveProperty('fault');
  });

  test('entries that the run put in and that are gone are a fault, and nothing is applied', async () => {
    vendor.patch(`${LISTS}/5/append`, list(['a.example', 'b.example', 'c.example']));
    vendor.get(`${LISTS}/5`, list(['a.example', 'b.example']));
    await start(apply).execute(pluginObjects(['a.example', 'b.example', 'c.example']), SCHEDULED);
    expect(await harness.finish(wrote, SCHEDULED)).toMatchObject({
      fault: { code: 'URL_LIST_LOST_ENTRIES', message: expect.stringContaining('such as c.example') },
      figures: { vendorWrites: 0 },
    });
  });

  test.each([
    ['empty', list([]), 'URL_LIST_LOST_ENTRIES'],
    ['deleted', list(['a.example'], { modify_type: 'Deleted' }), 'URL_LIST_NOT_FOUND'],
    ['gone', { status: 404 }, 'VENDOR_REFUSED'],
  ])('a list that is %s is a fault', async (_name, answer, code) => {
    vendor.get(`${LISTS}/5`, answer);
    expect(await start().finish(wrote, SCHEDULED)).toMatchObject({ fault: { code } });
  });

  test('after clearing, more entries than objects mean that it was not cleared', async () => {
    vendor.get(`${LISTS}/5`, list(['a.example', 'b.example', 'old.example']));
    expect(await start(apply).finish(wrote, { prepared })).toMatchObject({
      fault: { code: 'URL_LIST_NOT_CLEARED', message: expect.stringContaining('holds 3 entries') },
    });
  });

  test('after clearing, what a call that failed has left there is no sign of others', async () => {
    vendor.get(`${LISTS}/5`, list(['a.example', 'b.example', 'c.example']));
    const summary = { counts: { ...none, succeeded: 2, failed: 1 }, vendorWrites: 2 };
    expect(await start().finish(summary, { prepared })).not.toHaveProperty('fault');
  });

  test('when all was rejected, a list that was to be cleared is not, and that is told', async () => {
    vendor.get(`${LISTS}/5`, list(['old.example']));
    const summary = { counts: { ...none, rejected: 3 }, vendorWrites: 0 };
    expect(await start().finish(summary, { prepared })).toMatchObject({
      fault: { code: 'URL_LIST_NOT_CLEARED' },
    });
  });

  test('later slices do not judge the clearing', async () => {
    vendor.get(`${LISTS}/5`, list(['a.example', 'b.example', 'old.example']));
    const pass = { isFirstSlice: false, isLastSlice: true, remaining: 0 };
    expect(await start().finish(wrote, { prepared, pass })).not.toHaveProperty('fault');
  });

  test('applies pending changes when asked', async () => {
    vendor.get(`${LISTS}/5`, list(['a.example', 'b.example']));
    vendor.post(`${LISTS}/deploy`, { status: 200, body: [{ id: 5, name: 'Blocked', pending: 0 }] });
    expect(await start(apply).finish(wrote, { prepared })).toMatchObject({ figures: { vendorWrites: 1 } });
    expect(vendor.requests[1]!.body).toBeUndefined();
  });

  test('a failed object may have been written too: its changes are applied', async () => {
    vendor.post(`${LISTS}/deploy`, { status: 200, body: [{ id: 5, name: 'Blocked', pending: 0 }] });
    const summary = { counts: { ...none, failed: 1 }, vendorWrites: 1 };
    expect(await start(apply).finish(summary, SCHEDULED)).not.toHaveProperty('fault');
  });

  test.each([
    ['no write left', { counts: { ...none, failed: 2 }, vendorWrites: 0 }],
    ['all was rejected', { counts: { ...none, rejected: 2 }, vendorWrites: 1 }],
    ['there was nothing', { counts: none, vendorWrites: 0 }],
  ])('does not apply other people’s changes when %s', async (_name, summary) => {
    expect(await start(apply).finish(summary, SCHEDULED)).toMatchObject({ figures: { vendorCalls: 0 } });
  });

  test.each([
    [403, 'lack the right'],
    [400, 'deploy is running'],
    [500, '500'],
  ])('applying that fails with %d is told apart from the writing', async (status, words) => {
    vendor.get(`${LISTS}/5`, list(['a.example', 'b.example']));
    const times = status === 500 ? 3 : 1;
    vendor.post(`${LISTS}/deploy`, { status, body: { message: ['deploy is running'] } }, { times });
    const { fault } = await start(apply).finish(wrote, { prepared });
    expect(fault).toMatchObject({ code: 'URL_LIST_NOT_DEPLOYED', message: expect.stringContaining(words) });
    expect(fault?.message).toContain('"Blocked" is written but not in force');
    expect(fault?.retryable ?? false).toBe(status === 500);
  });

  test.each([
    ['shows the list pending still', 1, 'URL_LIST_NOT_DEPLOYED'],
    ['shows the list applied', 0, undefined],
  ])('when the answer does not name the list, looks: Netskope %s', async (_name, pending, code) => {
    vendor.get(`${LISTS}/5`, list(['a.example', 'b.example']));
    vendor.post(`${LISTS}/deploy`, { status: 200, body: { status: 'ok' } });
    vendor.get(LISTS, { status: 200, body: [{ ...head, pending }] });
    const { fault } = await start(apply).finish(wrote, { prepared });
    expect(fault?.code).toBe(code);
  });

  test('a rate limit while applying is the host’s to wait out', async () => {
    vendor.get(`${LISTS}/5`, list(['a.example', 'b.example']));
    vendor.post(`${LISTS}/deploy`, { status: 429, headers: { 'ratelimit-reset': '60' } });
    expect(await start(apply).finish(wrote, { prepared })).toMatchObject({ fault: { code: 'RATE_LIMITED' } });
  });
});
