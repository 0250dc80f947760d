import { afterEach, expect, test } from '@jest/globals';
import { createNetskopeSimulator, type NetskopeState } from '../netskope/netskope-simulator.js';
import type { RateLimitDialect } from './rate-limit-answer.js';
import type { Simulator } from './simulator.js';

const TOKEN = 'token-for-tests';
const LISTS = '/api/v2/policy/urllist';
let running: Simulator<NetskopeState> | undefined;
let nowMs = Date.parse('2026-01-02T03:04:05.000Z');

afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function start(options: { rateLimit?: { requestsPerSecond: number; dialect: RateLimitDialect } } = {}) {
  nowMs = Date.parse('2026-01-02T03:04:05.000Z');
  running = createNetskopeSimulator({
    token: TOKEN,
    lists: [{ id: 5, name: 'Blocked', urls: ['old.example.com'] }],
    now: () => new Date(nowMs),
    ...options,
  });
  const url = await running.listen();
  const headers = { 'netskope-api-token': TOKEN, 'content-type': 'application/json' };
  return {
    url,
    simulator: running,
    read: () => fetch(url + LISTS, { headers }),
    append: (entry: string) =>
      fetch(`${url}${LISTS}/5/append`, {
        method: 'PATCH',
        headers,
        body: JSON.stringify({ data: { type: 'exact', urls: [entry] } }),
      }),
    control: (method: string, path: string, body?: unknown) =>
      fetch(`${url}/__sim${path}`, {
        method,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      }),
    urls: () => running!.state().lists[0]!.urls,
  };
}

test('an order strikes the nth matching request, so many times, and no other', async () => {
  const { simulator, read, append } = await start();
  simulator.order({
    match: { method: 'PATCH', path: `${LISTS}/*` },
    nth: 2,
    times: 2,
    effect: { kind: 'status', status: 503 },
  });
  expect((await append('a.example')).status).toBe(200);
  expect((await read()).status).toBe(200);
  expect((await append('b.example')).status).toBe(503);
  expect((await append('c.example')).status).toBe(503);
  expect((await append('d.example')).status).toBe(200);
});

test('orders for the same request strike one after the other', async () => {
  const { simulator, read } = await start();
  simulator.order({ effect: { kind: 'status', status: 500, body: 'no JSON', headers: { 'x-why': 'test' } } });
  simulator.order({ effect: { kind: 'status', status: 502 } });
  const first = await read();
  expect([first.status, first.headers.get('x-why'), await first.text()]).toEqual([500, 'test', 'no JSON']);
  expect((await read()).status).toBe(502);
  expect((await read()).status).toBe(200);
});

test('before: the vendor never saw it; after: it did, and only the answer is spoilt', async () => {
  const { simulator, append, urls } = await start();
  simulator.order({ when: 'before', effect: { kind: 'status', status: 500 } });
  simulator.order({ when: 'after', effect: { kind: 'status', status: 500 } });
  expect((await append('a.example')).status).toBe(500);
  expect(urls()).toEqual(['old.example.com']);
  expect((await append('b.example')).status).toBe(500);
  expect(urls()).toEqual(['old.example.com', 'b.example']);
});

test('a dropped connection answers nothing, before or after the write', async () => {
  const { simulator, append, urls } = await start();
  simulator.order({ when: 'before', effect: { kind: 'drop' } });
  await expect(append('a.example')).rejects.toThrow();
  expect(urls()).toEqual(['old.example.com']);
  simulator.order({ when: 'after', effect: { kind: 'drop' } });
  await expect(append('b.example')).rejects.toThrow();
  expect(urls()).toEqual(['old.example.com', 'b.example']);
  expect((await append('c.example')).status).toBe(200);
});

test('a delay holds the answer back, and closing the simulator ends it', async () => {
  const { simulator, read } = await start();
  simulator.order({ effect: { kind: 'delay', delayMs: 80 } });
  const startedAt = performance.now();
  expect((await read()).status).toBe(200);
  expect(performance.now() - startedAt).toBeGreaterThan(75);

  simulator.order({ effect: { kind: 'delay', delayMs: 600_000 } });
  const waiting = read().then(
    () => 'answered',
    () => 'ended',
  );
  await new Promise((resolve) => setTimeout(resolve, 30));
  await simulator.close();
  expect(await waiting).toBe('ended');
});

test('bodies can be cut, huge, or carry the token', async () => {
  const { simulator, read } = await start();
  simulator.order({ effect: { kind: 'malformedBody' } });
  await expect((await read()).json()).rejects.toThrow();
  simulator.order({ when: 'after', effect: { kind: 'hugeBody', bytes: 1_000_003 } });
  expect(((await (await read()).json()) as string).length).toBe(1_000_001);
  simulator.order({ effect: { kind: 'echoToken', status: 400 } });
  const echo = await read();
  expect(echo.headers.get('x-echo')).toBe(TOKEN);
  expect(await echo.text()).toContain(TOKEN);
});

test.each([
  ['ratelimit-reset', { 'ratelimit-reset': '7', 'ratelimit-remaining': '0' }],
  ['retry-after', { 'retry-after': '7' }],
  ['okta', { 'x-rate-limit-reset': '1767323052', 'x-rate-limit-remaining': '0' }],
  ['crowdstrike', { 'x-ratelimit-retryafter': '1767323052' }],
  ['silent', {}],
] as const)('an ordered rate limit speaks the dialect %s', async (dialect, expected) => {
  const { simulator, read } = await start();
  simulator.order({ effect: { kind: 'rateLimit', dialect, waitSeconds: 7 } });
  const reply = await read();
  expect(reply.status).toBe(429);
  const heard = Object.fromEntries([...reply.headers].filter(([name]) => /^(x-)?(rate|retry)/.test(name)));
  expect(heard).toMatchObject(expected);
  if (dialect === 'silent') expect(heard).toEqual({});
});

test('the usual rate limit counts per endpoint and second', async () => {
  const { read, append } = await start({ rateLimit: { requestsPerSecond: 2, dialect: 'ratelimit-reset' } });
  expect((await read()).status).toBe(200);
  expect((await append('a.example')).status).toBe(200);
  const over = await read();
  expect([over.status, over.headers.get('ratelimit-reset')]).toEqual([429, '1']);
  nowMs += 1_000;
  expect((await read()).status).toBe(200);
});

test('the control path orders faults, shows state and requests, and resets', async () => {
  const { control, append, read } = await start({
    rateLimit: { requestsPerSecond: 100, dialect: 'silent' },
  });
  const ordered = await control('POST', '/faults', [
    { match: { method: 'GET' }, effect: { kind: 'status', status: 500 } },
    { effect: { kind: 'drop' }, nth: 9 },
  ]);
  expect(ordered.status).toBe(201);
  expect(await (await control('GET', '/faults')).json()).toHaveLength(2);
  await append('a.example');
  expect((await read()).status).toBe(500);
  const state = (await (await control('GET', '/state')).json()) as NetskopeState;
  expect(state.lists[0]).toMatchObject({ urls: ['old.example.com', 'a.example'], pending: 1 });
  expect(await (await control('GET', '/requests')).json()).toMatchObject({
    total: 2,
    inFlight: 0,
    byRoute: {
      [`PATCH ${LISTS}/:id/append`]: { requests: 1, statuses: { 200: 1 } },
      [`GET ${LISTS}`]: { requests: 1, statuses: { 500: 1 } },
    },
    recent: [
      { method: 'PATCH', path: `${LISTS}/5/append`, status: 200 },
      { method: 'GET', path: LISTS, status: 500 },
    ],
  });
  expect((await control('DELETE', '/faults')).status).toBe(204);
  expect(await (await control('GET', '/faults')).json()).toEqual([]);
  expect((await control('POST', '/reset')).status).toBe(204);
  expect(await (await control('GET', '/requests')).json()).toMatchObject({ total: 0 });
  expect(((await (await control('GET', '/state')).json()) as NetskopeState).lists[0]!.urls).toEqual([
    'old.example.com',
  ]);
});

test.each([
  [{ effect: { kind: 'explode' } }],
  [{ effect: { kind: 'status', status: '500' } }],
  [{ effect: { kind: 'status' } }],
  [{ effect: { kind: 'drop' }, nht: 2 }],
  [{ match: { path: '/' } }],
  [[]],
])('an order with a slip is refused: %j', async (order) => {
  const { control } = await start();
  expect((await control('POST', '/faults', order)).status).toBe(400);
  expect(await (await control('GET', '/faults')).json()).toEqual([]);
});
