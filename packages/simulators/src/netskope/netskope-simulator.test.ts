import { afterEach, expect, test } from '@jest/globals';
import type { Simulator } from '../simulator/simulator.js';
import {
  createNetskopeSimulator,
  type NetskopeSimulatorOptions,
  type NetskopeState,
} from './netskope-simulator.js';

const TOKEN = 'token-for-tests';
const LISTS = '/api/v2/policy/urllist';
let running: Simulator<NetskopeState> | undefined;

afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function start(options: Partial<NetskopeSimulatorOptions> = {}) {
  running = createNetskopeSimulator({
    token: TOKEN,
    lists: [
      { id: 5, name: 'Blocked', urls: ['old.example.com'] },
      { id: 9, name: 'Patterns', type: 'regex', urls: ['^a[.]example'] },
    ],
    now: () => new Date('2026-01-02T03:04:05.678Z'),
    ...options,
  });
  const url = await running.listen();
  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const reply = await fetch(url + path, {
      method,
      headers: {
        'netskope-api-token': TOKEN,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await reply.text();
    return { status: reply.status, headers: reply.headers, body: text === '' ? undefined : JSON.parse(text) };
  };
  return { url, call, simulator: running };
}

function exact(...urls: string[]) {
  return { data: { type: 'exact', urls } };
}

test('shows lists as a bare array, and chosen fields only', async () => {
  const { call } = await start();
  const all = await call('GET', LISTS);
  expect(all.status).toBe(200);
  expect(all.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  expect(all.body[0]).toEqual({
    id: 5,
    name: 'Blocked',
    data: { type: 'exact', urls: ['old.example.com'], json_version: 2 },
    modify_by: 'Netskope API',
    modify_time: '2026-01-02T03:04:05.678Z',
    modify_type: 'Created',
    pending: 0,
  });
  expect((await call('GET', `${LISTS}?field=id,name`)).body).toEqual([
    { id: 5, name: 'Blocked' },
    { id: 9, name: 'Patterns' },
  ]);
  expect((await call('GET', `${LISTS}?field=secret`)).status).toBe(400);
});

test('append merges into the pending view, and a deploy applies all pending lists', async () => {
  const { call, simulator } = await start();
  const appended = await call(
    'PATCH',
    `${LISTS}/5/append`,
    exact('HTTP://New.example.com/A', 'old.example.com'),
  );
  expect(appended.body).toMatchObject({
    id: 5,
    data: { type: 'exact', urls: ['old.example.com', 'new.example.com/A'] },
    modify_type: 'Edited',
    pending: 1,
  });
  await call('PATCH', `${LISTS}/9/append`, { data: { type: 'regex', urls: ['^b[.]example'] } });
  expect(simulator.state().lists[0]!.appliedUrls).toEqual(['old.example.com']);
  expect((await call('GET', `${LISTS}?pending=0&field=id,data`)).body[0].data.urls).toEqual([
    'old.example.com',
  ]);
  expect((await call('GET', `${LISTS}?pending=1&field=id`)).body).toEqual([{ id: 5 }, { id: 9 }]);

  const deployed = await call('POST', `${LISTS}/deploy`);
  expect(deployed.body.map((list: { id: number; pending: number }) => [list.id, list.pending])).toEqual([
    [5, 0],
    [9, 0],
  ]);
  expect(simulator.state()).toMatchObject({ deploys: 1, urls: 4 });
  expect(simulator.state().lists[0]!.appliedUrls).toEqual(['old.example.com', 'new.example.com/A']);
  expect((await call('POST', `${LISTS}/deploy`)).body).toEqual([]);
});

test('replace puts the new entries in the place of the old ones, and refuses to empty a list', async () => {
  const { call, simulator } = await start();
  const empty = await call('PATCH', `${LISTS}/5/replace`, exact());
  expect(empty).toMatchObject({ status: 400, body: { statusCode: 400 } });
  expect((await call('PATCH', `${LISTS}/5/replace`, exact('# only a comment'))).status).toBe(400);
  const replaced = await call('PATCH', `${LISTS}/5/replace`, exact('a.example', 'a.example', 'b.example'));
  expect(replaced.body.data.urls).toEqual(['a.example', 'b.example']);
  expect(simulator.state().lists[0]).toMatchObject({
    urls: ['a.example', 'b.example'],
    appliedUrls: ['old.example.com'],
  });
});

test.each(['message', 'errors'] as const)(
  'one bad URL refuses the whole call, told under %s',
  async (shape) => {
    const { call, simulator } = await start({ refusalShape: shape });
    const reply = await call(
      'PATCH',
      `${LISTS}/5/append`,
      exact('good.example', 'a b.example', 'x.example:0'),
    );
    const pairs = [
      ['a b.example', 'Invalid host'],
      ['x.example:0', 'Invalid port'],
    ];
    expect(reply.status).toBe(400);
    expect(reply.body).toEqual(shape === 'message' ? { statusCode: 400, message: pairs } : { errors: pairs });
    expect(simulator.state().lists[0]!.urls).toEqual(['old.example.com']);
  },
);

test.each([
  ['no body', undefined],
  ['an array', []],
  ['no data', {}],
  ['no type', { data: { urls: ['a.example'] } }],
  ['an unknown type', { data: { type: 'glob', urls: ['a.example'] } }],
  ['no URLs', { data: { type: 'exact' } }],
  ['a number among the URLs', { data: { type: 'exact', urls: [1] } }],
  ['an unknown field', { data: { type: 'exact', urls: ['a.example'], note: 'x' } }],
  ['an unknown field outside', { name: 'x', ...exact('a.example') }],
  ['the wrong type for the list', { data: { type: 'regex', urls: ['a.example'] } }],
  ['cut JSON', '{"data":'],
])('refuses an append with %s', async (_what, body) => {
  const { call, simulator } = await start();
  expect((await call('PATCH', `${LISTS}/5/append`, body)).status).toBe(400);
  expect(simulator.state().lists[0]!.pending).toBe(0);
});

test.each([
  ['GET', '/api/v1/api/v2/policy/urllist', 404],
  ['GET', '/api/v2/policy/urllists', 404],
  ['GET', `${LISTS}/77`, 404],
  ['PATCH', `${LISTS}/77/append`, 404],
  ['PATCH', `${LISTS}/5/prepend`, 404],
  ['PATCH', LISTS, 405],
  ['POST', `${LISTS}/5/append`, 405],
  ['GET', `${LISTS}/deploy`, 404],
])('%s %s is a %d', async (method, path, status) => {
  const { call } = await start();
  const reply = await call(method, path, method === 'PATCH' ? exact('a.example') : undefined);
  expect(reply).toMatchObject({ status, body: { statusCode: status } });
});

test('a 405 names the methods that the path has', async () => {
  const { call } = await start();
  expect((await call('PUT', LISTS, {})).headers.get('allow')).toBe('GET, POST');
});

test('lets in by token and privilege only', async () => {
  const { call, simulator } = await start({ privileges: { [LISTS]: 'read' } as const });
  expect((await call('GET', LISTS, undefined, { 'netskope-api-token': 'wrong' })).status).toBe(401);
  expect((await call('GET', LISTS, undefined, { 'netskope-api-token': '' })).status).toBe(401);
  expect((await call('GET', LISTS)).status).toBe(200);
  const refused = await call('PATCH', `${LISTS}/5/append`, exact('a.example'));
  expect(refused.status).toBe(403);
  expect(refused.body.message).toContain(LISTS);
  expect(simulator.state().lists[0]!.pending).toBe(0);
});

test('takes the token as a bearer too', async () => {
  const { url } = await start();
  const reply = await fetch(url + LISTS, { headers: { authorization: `Bearer ${TOKEN}` } });
  expect(reply.status).toBe(200);
});

test('refuses other content types and bodies over the limit', async () => {
  const { call } = await start({ limits: { bodyBytes: 200 } });
  const plain = await call('PATCH', `${LISTS}/5/append`, 'a.example', { 'content-type': 'text/plain' });
  expect(plain.status).toBe(415);
  const long = await call(
    'PATCH',
    `${LISTS}/5/append`,
    exact(`${'a'.repeat(60)}.example/${'b'.repeat(200)}`),
  );
  expect(long).toMatchObject({ status: 413, body: { statusCode: 413 } });
});

test('holds the limits of the tenant over all lists', async () => {
  const { call, simulator } = await start({ limits: { urlsPerTenant: 4, regexesPerTenant: 1 } });
  expect(
    (await call('PATCH', `${LISTS}/5/append`, exact('a.example', 'b.example', 'c.example'))).status,
  ).toBe(400);
  expect(
    (await call('PATCH', `${LISTS}/5/append`, exact('a.example', 'b.example', 'a.example'))).status,
  ).toBe(200);
  expect((await call('PATCH', `${LISTS}/5/replace`, exact('x.example'))).status).toBe(200);
  const regex = await call('PATCH', `${LISTS}/9/append`, { data: { type: 'regex', urls: ['^b'] } });
  expect(regex.body.message).toContain('Regex limit');
  expect(simulator.state().urls).toBe(2);
});

test('creates, renames and deletes lists, pending until the deploy', async () => {
  const { call, simulator } = await start();
  const created = await call('POST', LISTS, { name: 'New', ...exact('n.example') });
  expect(created).toMatchObject({ status: 201, body: { id: 10, modify_type: 'Created', pending: 1 } });
  expect((await call('POST', LISTS, { name: 'New', ...exact('n.example') })).status).toBe(400);
  const renamed = await call('PUT', `${LISTS}/10`, { name: 'Newer', ...exact('m.example') });
  expect(renamed.body).toMatchObject({ name: 'Newer', data: { urls: ['m.example'] } });
  expect((await call('PUT', `${LISTS}/10`, exact('m.example'))).status).toBe(400);
  expect((await call('DELETE', `${LISTS}/5`)).body).toMatchObject({ modify_type: 'Deleted', pending: 1 });
  expect((await call('PATCH', `${LISTS}/5/append`, exact('a.example'))).status).toBe(404);
  await call('POST', `${LISTS}/deploy`);
  expect(simulator.state().lists.map((list) => list.name)).toEqual(['Patterns', 'Newer']);
});

test('stays quick while a list grows past 100,000 entries', async () => {
  const { call, simulator } = await start();
  const startedAt = performance.now();
  for (let batch = 0; batch < 25; batch += 1) {
    const urls = Array.from({ length: 5_000 }, (_, index) => `h${batch}-${index}.example.com/path`);
    expect((await call('PATCH', `${LISTS}/5/append`, exact(...urls))).status).toBe(200);
  }
  expect(simulator.state().urls).toBe(125_002);
  expect(performance.now() - startedAt).toBeLessThan(15_000);
});
