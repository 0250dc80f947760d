import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  createHarness,
  manualClock,
  type MockedReply,
  type PluginHarness,
  vendorMock,
} from '@drover/testing';
import action from './index.js';

const TENANT = 'https://tenant.goskope.example';
const LISTS = '/api/v2/policy/urllist';
const TOKEN = 'a-token-of-the-rest-api-v2';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));
const config = { urlListName: 'Blocked', clearOnManualRun: true, applyPendingChanges: false };

const heads = [
  { id: 5, name: 'Blocked', modify_type: 'Edited', pending: 1 },
  { id: 6, name: 'blocked', modify_type: 'Created', pending: 0 },
  { id: 7, name: 'Blocked', modify_type: 'Deleted', pending: 1 },
];

function list(urls: readonly string[], extra: object = {}): MockedReply {
  const data = { type: 'exact', urls, json_version: 2 };
  return { status: 200, body: { ...heads[0], data, ...extra } };
}

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

describe('finding the list', () => {
  const vendor = vendorMock(TENANT);

  test('by its exact name; asks with the token, and keeps the id and the list’s own type', async () => {
    vendor.get(LISTS, { status: 200, body: heads }, { query: { field: 'id,name,modify_type,pending' } });
    vendor.get(`${LISTS}/5`, list(['^a'], { data: { type: 'regex', urls: ['^a'] } }));
    expect(await start().prepare()).toMatchObject({ value: { listId: 5, type: 'regex' } });
    expect(vendor.requests[0]!.headers['netskope-api-token']).toBe(TOKEN);
  });

  test('a list that is not there: the fault names those that are', async () => {
    vendor.get(LISTS, { status: 200, body: heads });
    const { fault } = await start({ urlListName: 'Blokced' }).prepare();
    expect(fault).toMatchObject({
      code: 'URL_LIST_NOT_FOUND',
      message: expect.stringContaining('it has "Blocked", "blocked".'),
      path: '/urlListName',
    });
  });

  test('of many lists, the fault names twenty', async () => {
    const many = Array.from({ length: 25 }, (_, id) => ({ id, name: `List ${id + 10}` }));
    vendor.get(LISTS, { status: 200, body: many });
    const { fault } = await start().prepare();
    expect(fault?.message).toContain('"List 29" and 5 more');
  });

  test('two lists of the same name are not guessed between', async () => {
    vendor.get(LISTS, { status: 200, body: [heads[0], { ...heads[0], id: 9 }] });
    expect(await start().prepare()).toMatchObject({
      fault: { code: 'URL_LIST_AMBIGUOUS', message: expect.stringContaining('ids 5, 9') },
    });
  });

  test('the same list shown applied and pending is one list', async () => {
    vendor.get(LISTS, { status: 200, body: [{ ...heads[0], pending: 0 }, heads[0]] });
    vendor.get(`${LISTS}/5`, list(['a.example']));
    expect(await start().prepare()).toMatchObject({ value: { listId: 5, type: 'exact' } });
  });
});

describe('the connection test', () => {
  const vendor = vendorMock(TENANT);
  const ok = { status: 200, body: heads };
  const say = (value: unknown) =>
    (value as { step: string; ok: boolean }[]).map(({ step, ok: isOk }) => `${isOk ? 'ok' : 'NO'} ${step}`);

  test('says step by step what works', async () => {
    vendor.get(LISTS, ok, { times: 2 });
    expect(say((await start().testConnection()).value)).toEqual([
      'ok reach the tenant',
      'ok show the API v2 token',
      'ok read the URL lists',
      'ok find the URL list "Blocked"',
    ]);
  });

  test('without a config it does not look for a list', async () => {
    vendor.get(LISTS, ok);
    expect(say((await start().testConnection({ config: {} })).value)).toHaveLength(3);
  });

  test('a list that is not there is the last step', async () => {
    vendor.get(LISTS, ok, { times: 2 });
    const { value } = await start({ urlListName: 'Other' }).testConnection();
    expect(value!.at(-1)).toMatchObject({ ok: false, detail: expect.stringContaining('"Blocked"') });
  });

  test.each([
    [{ status: 401 }, ['ok reach the tenant', 'NO show the API v2 token']],
    [{ status: 403 }, ['ok reach the tenant', 'ok show the API v2 token', 'NO read the URL lists']],
    [{ status: 404 }, ['NO reach the tenant']],
    [{ status: 200, body: '<html>' }, ['NO reach the tenant']],
  ])('stops at what fails: %j', async (answer, steps) => {
    vendor.get(LISTS, answer);
    expect(say((await start().testConnection()).value)).toEqual(steps);
  });

  test('a host that is not there is told in plain words', async () => {
    vendor.fail('GET', LISTS, { code: 'ENOTFOUND', times: 3 });
    const { value } = await start().testConnection();
    expect(value).toEqual([
      { step: 'reach the tenant', ok: false, detail: expect.stringContaining('no such host') },
    ]);
  });
});
