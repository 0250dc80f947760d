import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  createHarness,
  manualClock,
  type MockedReply,
  type PluginHarness,
  vendorMock,
} from '@drover/testing';
import feed from './index.js';

const CLOUD = 'https://api.crowdstrike.com';
const PATH = '/identity-protection/combined/graphql/v1';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));
const CONFIG = { initialRangeDays: 7, poorUpTo: 350, moderateUpTo: 650 };
const STARTED_AT = '2026-03-10T11:12:13.456Z';
const FULL = { createdSince: null, after: null };

let harness: PluginHarness;
afterEach(() => harness.close());

function start(config: object = CONFIG): PluginHarness {
  harness = createHarness({
    definition: feed,
    manifest,
    connection: {
      settings: { baseUrl: CLOUD, clientId: 'client-of-tests' },
      secrets: { clientSecret: 'secret-of-tests' },
    },
    config: { ...config },
    clock: manualClock(),
  });
  return harness;
}

function user(riskScore: number | null, ...emailAddresses: string[]) {
  const name = emailAddresses[0] ?? 'nobody';
  return {
    entityId: `id of ${name}`,
    primaryDisplayName: `Name of ${name}`,
    secondaryDisplayName: null as string | null,
    riskScore,
    emailAddresses: emailAddresses.length === 0 ? null : emailAddresses,
  };
}

function page(nodes: unknown[], next?: string): MockedReply {
  const pageInfo = { hasNextPage: next !== undefined, endCursor: next ?? 'a cursor of the end' };
  return { status: 200, body: { data: { entities: { nodes, pageInfo } } } };
}

const expired: MockedReply = {
  status: 200,
  body: { data: null, errors: [{ message: 'gone', extensions: { code: 'INVALID_CURSOR' } }] },
};

describe('a pull', () => {
  const vendor = vendorMock(CLOUD);
  const answer = (...replies: MockedReply[]) => {
    const body = { access_token: 'a-minted-token', expires_in: 1_799, token_type: 'bearer' };
    vendor.post('/oauth2/token', { status: 201, body });
    for (const reply of replies) vendor.post(PATH, reply);
  };
  const asked = () =>
    vendor.requests
      .filter(({ path }) => path === PATH)
      .map(({ body }) => (body as { variables: object }).variables);

  test('the first: accounts of the initial range, page by page, each with its checkpoint', async () => {
    answer(page([user(0.834, 'ada@example.com')], 'cursor 2'), page([user(0, 'bob@example.com')]));
    const report = await start().pull({ startedAt: STARTED_AT });
    expect(report.fault).toBeUndefined();
    const createdSince = '2026-03-03T11:12:13Z';
    expect(asked()).toEqual([{ createdSince }, { after: 'cursor 2', createdSince }]);
    expect(report.pages.map(({ checkpoint }) => checkpoint)).toEqual([
      { createdSince, after: 'cursor 2' },
      { createdSince, after: null },
    ]);
    expect(report.pages.map(({ isComplete }) => isComplete)).toEqual([false, false]);
    expect(report.drafts).toEqual([
      {
        type: 'identity',
        value: 'ada@example.com',
        attributes: [
          { name: 'Display Name', value: 'Name of ada@example.com' },
          { name: 'Risk Score', value: 0.83 },
          { name: 'Netskope Normalized Score', value: 170 },
          { name: 'Score Band', value: 'Poor' },
        ],
      },
      expect.objectContaining({ value: 'bob@example.com' }),
    ]);
  });

  test('the query asks for unarchived users, the oldest account first, 1000 at a time', async () => {
    answer(page([]));
    await start().pull();
    const { query } = vendor.requests.at(-1)!.body as { query: string };
    for (const part of [
      'types: [USER]',
      'archived: false',
      'sortKey: CREATION_TIME',
      'sortOrder: ASCENDING',
      'first: 1000',
    ]) {
      expect(query).toContain(part);
    }
  });

  test('every later one takes everybody, and says so on its last page', async () => {
    answer(page([user(0.1, 'ada@example.com')], 'cursor 2'), page([]));
    const checkpoint = { createdSince: '2026-03-03T11:12:13Z', after: null };
    const report = await start().pull({ checkpoint, isFirst: false });
    expect(asked()).toEqual([{}, { after: 'cursor 2' }]);
    expect(report.pages.map(({ isComplete }) => isComplete)).toEqual([false, true]);
    expect(report.checkpoint).toEqual(FULL);
  });

  test('so does the first one with an initial range of 0', async () => {
    answer(page([]));
    const report = await start({ ...CONFIG, initialRangeDays: 0 }).pull();
    expect(asked()).toEqual([{}]);
    expect(report.pages.map(({ isComplete }) => isComplete)).toEqual([true]);
  });

  test.each([
    [{ createdSince: '2026-03-03T11:12:13Z', after: 'cursor 9' }, true],
    [{ createdSince: null, after: 'cursor 9' }, false],
  ])('one that was broken off at %j goes on there', async (checkpoint, isFirst) => {
    answer(page([user(0.1, 'ada@example.com')]));
    const report = await start().pull({ checkpoint, isFirst, startedAt: STARTED_AT });
    const { createdSince, after } = checkpoint;
    expect(asked()).toEqual([{ after, ...(createdSince === null ? {} : { createdSince }) }]);
    expect(report.pages).toMatchObject([{ isComplete: !isFirst, checkpoint: { createdSince, after: null } }]);
  });

  test('a cursor that has expired: the same pass begins again with its first page', async () => {
    answer(expired, page([user(0.1, 'ada@example.com')], 'new cursor'), page([user(0.2, 'bob@example.com')]));
    const createdSince = '2026-03-03T11:12:13Z';
    const report = await start().pull({ checkpoint: { createdSince, after: 'old cursor' } });
    expect(asked()).toEqual([
      { after: 'old cursor', createdSince },
      { createdSince },
      { after: 'new cursor', createdSince },
    ]);
    expect(report.drafts.map(({ value }) => value)).toEqual(['ada@example.com', 'bob@example.com']);
    expect(report.figures.log).toMatchObject([{ level: 'warn' }]);
  });

  test('cursors that never hold end the pull, and what was kept stays', async () => {
    const again = [page([user(0.1, 'ada@example.com')], 'cursor'), expired];
    answer(...again, ...again, ...again, ...again);
    const report = await start().pull();
    expect(report).toMatchObject({ fault: { code: 'CURSOR_EXPIRED', retryable: true } });
    expect(report.pages).toHaveLength(4);
  });

  test('a fault on a later page keeps the pages before it', async () => {
    answer(
      page([user(0.1, 'ada@example.com')], 'cursor 2'),
      ...[503, 503, 503].map((status) => ({ status })),
    );
    const report = await start().pull({ checkpoint: FULL });
    expect(report).toMatchObject({
      checkpoint: { createdSince: null, after: 'cursor 2' },
      fault: { code: 'VENDOR_UNAVAILABLE', retryable: true },
    });
  });

  test('200 with errors is a failure, whatever data comes with it', async () => {
    const { body } = page([user(0.1, 'ada@example.com')]);
    answer({
      status: 200,
      body: { ...(body as object), errors: [{ message: 'half of it broke', path: ['entities'] }] },
    });
    expect(await start().pull()).toMatchObject({
      pages: [],
      fault: { code: 'VENDOR_UNAVAILABLE', message: expect.stringContaining('half of it broke') },
    });
  });

  test('several addresses: the first is the value, the others are aliases', async () => {
    answer(page([user(0.5, 'ada@example.com', ' al@example.com ', '', 'ada@example.com', 'l@example.com')]));
    const { drafts } = await start().pull();
    expect(drafts).toMatchObject([
      { value: 'ada@example.com', aliases: ['al@example.com', 'l@example.com'] },
    ]);
  });

  test('users without an address are counted as skipped', async () => {
    answer(page([user(0.5), user(0.5, 'ada@example.com'), { ...user(0.5), emailAddresses: ['', ' '] }]));
    const { drafts, reasons } = await start().pull();
    expect(drafts).toHaveLength(1);
    expect(reasons).toEqual([
      { kind: 'skipped', code: 'SKIPPED', reason: 'The user has no e-mail address.', objects: 2 },
    ]);
  });

  test('accounts of one page that share their address are one identity, with the higher risk', async () => {
    answer(
      page([
        user(0.2, 'ada@example.com', 'al@example.com'),
        user(0.9, 'Ada@example.com', 'admin@example.com'),
        user(null, 'ada@example.com'),
      ]),
    );
    const { drafts, reasons } = await start().pull();
    expect(drafts).toHaveLength(1);
    expect(drafts[0]!.aliases).toEqual(expect.arrayContaining(['al@example.com', 'admin@example.com']));
    expect(drafts[0]!.attributes).toContainEqual({ name: 'Risk Score', value: 0.9 });
    expect(reasons).toMatchObject([{ kind: 'skipped', objects: 2 }]);
  });

  test('without a score there is neither score nor band', async () => {
    const ada = { ...user(null, 'ada@example.com'), secondaryDisplayName: 'EXAMPLE\\ada' };
    answer(page([ada]));
    expect((await start().pull()).drafts[0]!.attributes).toEqual([
      { name: 'Display Name', value: 'Name of ada@example.com' },
      { name: 'Account Name', value: 'EXAMPLE\\ada' },
    ]);
  });

  test('bounds that leave a band nothing, and a checkpoint of somebody else, end it before a query', async () => {
    const bounds = await start({ ...CONFIG, poorUpTo: 700 }).pull();
    expect(bounds.fault).toMatchObject({ code: 'CONFIG_INVALID' });
    await harness.close();
    for (const checkpoint of ['2026-03-03', { after: 5, createdSince: null }]) {
      expect((await start().pull({ checkpoint })).fault).toMatchObject({ code: 'CHECKPOINT_INVALID' });
      await harness.close();
    }
  });

  test('the connection test reads one user', async () => {
    answer(page([{ entityId: 'x' }]));
    expect((await start().testConnection()).value).toEqual([
      { step: 'reach CrowdStrike', ok: true },
      { step: 'get an access token', ok: true },
      { step: 'read users', ok: true },
    ]);
  });
});
