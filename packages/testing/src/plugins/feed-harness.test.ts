import { afterEach, describe, expect, test } from '@jest/globals';
import type { PluginManifest } from '@drover/model';
import { defineFeed, type FeedPage } from '@drover/plugin-sdk';
import { vendorMock } from '../http/vendor-mock.js';
import { createHarness, type PluginHarness } from './plugin-harness.js';

const manifest: PluginManifest = {
  id: 'example.users',
  version: '1.0.0',
  name: 'Users',
  description: 'Brings users.',
  vendor: 'Example',
  kind: 'feed',
  engines: { drover: '^0.1.0' },
  protocol: 1,
  connection: { schema: {}, auth: { none: { type: 'none' } } },
  config: {},
  produces: [{ type: 'identity' }],
  emits: [{ name: 'Example Risk', type: 'number', mode: 'replace' }],
  calls: [
    {
      name: 'readUsers',
      method: 'GET',
      path: '/users',
      query: ['after'],
      purpose: 'reading users',
      effect: 'read',
      delivery: 'repeatable',
    },
    {
      name: 'writeUser',
      method: 'POST',
      path: '/users',
      purpose: 'writing a user',
      effect: 'write',
      delivery: 'repeatable',
    },
  ],
  limits: { objectsPerRun: { default: 3, max: 3 }, batch: { objects: 3 }, timeoutMs: 200 },
  triggers: ['manual', 'schedule'],
};

interface Reply {
  users: { mail: string; risk: number }[];
  next: number | null;
}

const users = defineFeed({
  testConnection: async (context) => {
    await context.call('readUsers');
    return [{ step: 'read users', ok: !('run' in context) }];
  },
  async *pull(request, context) {
    let after = (request.checkpoint as number | undefined) ?? 0;
    for (;;) {
      const { body } = await context.call<Reply>('readUsers', { query: { after } });
      after = body.next ?? 0;
      yield {
        objects: body.users.map(({ mail, risk }) => ({
          type: 'identity',
          value: mail,
          attributes: [{ name: 'Example Risk', value: risk }],
        })),
        checkpoint: after,
        isComplete: body.next === null,
      };
      if (body.next === null) return;
    }
  },
});

let harness: PluginHarness;
afterEach(() => harness.close());

function harnessOf(definition = users): PluginHarness {
  const connection = { settings: { baseUrl: 'https://api.example.com' } };
  harness = createHarness({ definition, manifest, connection });
  return harness;
}

/** A feed that yields pages as they are given, whatever is wrong with them. */
function feedOf(...pages: unknown[]) {
  return defineFeed({
    async *pull() {
      yield* pages as FeedPage[];
    },
  });
}

describe('a feed in the harness', () => {
  const vendor = vendorMock('https://api.example.com');
  const first = { users: [{ mail: 'A.User@Example.com', risk: 0.5 }], next: 7 };
  const last = { users: [{ mail: 'b@example.com', risk: 1 }], next: null };

  test('pulls page by page to the end', async () => {
    vendor.get('/users', { status: 200, body: first }, { query: { after: '0' } });
    vendor.get('/users', { status: 200, body: last }, { query: { after: '7' } });
    const report = await harnessOf().pull();
    expect(report).toMatchObject({ checkpoint: 0, reasons: [], figures: { vendorCalls: 2 } });
    expect(report.fault).toBeUndefined();
    expect(report.pages.map(({ isComplete }) => isComplete)).toEqual([false, true]);
    expect(report.drafts).toEqual([
      {
        type: 'identity',
        value: 'A.User@example.com',
        attributes: [{ name: 'Example Risk', value: 0.5 }],
      },
      { type: 'identity', value: 'b@example.com', attributes: [{ name: 'Example Risk', value: 1 }] },
    ]);
  });

  test('goes on from a checkpoint', async () => {
    vendor.get('/users', { status: 200, body: last }, { query: { after: '7' } });
    expect((await harnessOf().pull({ checkpoint: 7 })).pages).toHaveLength(1);
  });

  test('tests a connection, without a run', async () => {
    vendor.get('/users', { status: 200, body: last });
    expect((await harnessOf().testConnection()).value).toEqual([{ step: 'read users', ok: true }]);
  });

  test('is not asked for more than one page ahead of the one that is being kept', async () => {
    const made: number[] = [];
    const seen: number[][] = [];
    const counting = defineFeed({
      async *pull() {
        for (let page = 0; page < 4; page += 1) {
          made.push(page);
          yield { objects: [], checkpoint: page };
        }
      },
    });
    await harnessOf(counting).pull({
      onPage: async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        seen.push([...made]);
      },
    });
    expect(seen).toEqual([
      [0, 1],
      [0, 1, 2],
      [0, 1, 2, 3],
      [0, 1, 2, 3],
    ]);
  });

  test('counts its time for each page anew, and not while a page is kept', async () => {
    const slow = defineFeed({
      async *pull(_request, context) {
        for (let page = 0; page < 4; page += 1) {
          await new Promise((resolve) => setTimeout(resolve, 80));
          yield { objects: [], checkpoint: page };
        }
        await new Promise((_resolve, reject) => context.signal.addEventListener('abort', reject));
      },
    });
    const report = await harnessOf(slow).pull({
      onPage: () => new Promise((resolve) => setTimeout(resolve, 120)),
    });
    expect(report).toMatchObject({ checkpoint: 3, fault: { code: 'PLUGIN_TIMEOUT' } });
  });

  test('ends with the host’s reason where a page is not kept', async () => {
    const report = await harnessOf(
      feedOf({ objects: [], checkpoint: 1 }, { objects: [], checkpoint: 2 }),
    ).pull({
      onPage: () => {
        throw new Error('The disk is full.');
      },
    });
    expect(report).toMatchObject({ pages: [], fault: { code: 'INTERNAL' } });
  });

  test('a fault after pages keeps the pages', async () => {
    const breaking = defineFeed({
      async *pull() {
        yield { objects: [], checkpoint: 'kept' };
        throw new Error('a mistake');
      },
    });
    expect(await harnessOf(breaking).pull()).toMatchObject({
      checkpoint: 'kept',
      fault: { code: 'PLUGIN_ERROR' },
    });
  });

  test('cannot write', async () => {
    const writing = defineFeed({
      async *pull(_request, context) {
        await context.call('writeUser', { json: {} });
        yield { objects: [], checkpoint: 1 };
      },
    });
    expect(await harnessOf(writing).pull()).toMatchObject({
      fault: { code: 'WRITE_NOT_ALLOWED', message: expect.stringContaining('a pull only reads') },
    });
  });

  test('counts what does not hold with its reason', async () => {
    const report = await harnessOf(
      feedOf({
        objects: [
          { type: 'user', value: 'c@example.com', aliases: ['C.Two@example.com', 'c@example.com'] },
          { type: 'identity', value: '  ' },
          { type: 'identity', value: '' },
        ],
        checkpoint: { page: 2 },
        skipped: [{ reason: 'no e-mail address', count: 4 }],
      }),
    ).pull();
    expect(report.drafts).toEqual([
      { type: 'identity', value: 'c@example.com', aliases: ['C.Two@example.com'] },
    ]);
    expect(report.reasons).toEqual([
      { kind: 'skipped', code: 'SKIPPED', reason: 'no e-mail address', objects: 4 },
      { kind: 'rejected', code: 'VALUE_EMPTY', reason: expect.any(String), objects: 2 },
    ]);
  });

  const user = { type: 'identity', value: 'a@example.com' };
  test.each<[string, unknown, string]>([
    ['no objects', { checkpoint: 1 }, ''],
    ['too many objects', { objects: [user, user, user, user], checkpoint: 1 }, '/objects'],
    ['no checkpoint', { objects: [] }, '/checkpoint'],
    ['a large checkpoint', { objects: [], checkpoint: 'x'.repeat(65_536) }, '/checkpoint'],
    ['another type', { objects: [{ type: 'asset', value: 'a' }], checkpoint: 1 }, '/objects/0/type'],
    ['no type', { objects: [{ value: 'a' }], checkpoint: 1 }, '/objects/0'],
    [
      'an undeclared attribute',
      { objects: [{ ...user, attributes: [{ name: 'Other', value: 1 }] }], checkpoint: 1 },
      '/objects/0/attributes/0',
    ],
    [
      'an attribute of another kind',
      { objects: [{ ...user, attributes: [{ name: 'Example Risk', value: 'high' }] }], checkpoint: 1 },
      '/objects/0/attributes/0',
    ],
    ['a skip without a count', { objects: [], checkpoint: 1, skipped: [{ reason: 'x' }] }, '/skipped/0'],
  ])('a page with %s breaks the contract', async (_name, page, path) => {
    const report = await harnessOf(feedOf(page)).pull();
    expect(report).toMatchObject({ pages: [], fault: { code: 'PLUGIN_CONTRACT', path } });
  });
});
