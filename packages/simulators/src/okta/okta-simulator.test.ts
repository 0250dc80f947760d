import { afterEach, describe, expect, test } from '@jest/globals';
import type { Simulator } from '../simulator/simulator.js';
import { createOktaSimulator, type OktaSimulatorOptions, type OktaState } from './okta-simulator.js';

const TOKEN = 'token-for-tests';
const USERS = '/api/v1/users';
const NOW = new Date('2026-01-02T03:04:05.678Z');

let running: Simulator<OktaState> | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function start(options: Partial<OktaSimulatorOptions> = {}) {
  const simulator = createOktaSimulator({
    token: TOKEN,
    users: [
      { login: 'ada@example.com' },
      { login: 'grace@example.com', status: 'SUSPENDED' },
      { login: 'linus@example.com', status: 'LOCKED_OUT' },
      { login: 'gone@example.com', status: 'DEPROVISIONED' },
      { login: 'corp/edsger' },
      { login: 'alan@one.example.com' },
      { login: 'alan@two.example.com' },
    ],
    now: () => NOW,
    ...options,
  });
  running = simulator;
  const url = await simulator.listen();
  const call = async (method: string, path: string, headers: Record<string, string> = {}) => {
    const reply = await fetch(url + path, {
      method,
      headers: { authorization: `SSWS ${TOKEN}`, ...headers },
    });
    const text = await reply.text();
    return { status: reply.status, headers: reply.headers, body: text === '' ? undefined : JSON.parse(text) };
  };
  const act = (user: string, action: string) => call('POST', `${USERS}/${user}/lifecycle/${action}`);
  const userOf = (login: string) => simulator.state().users.find((user) => user.login === login)!;
  return { simulator, url, call, act, userOf };
}

describe('the changes of a status', () => {
  test.each([
    ['ada@example.com', 'suspend', 'SUSPENDED'],
    ['grace@example.com', 'unsuspend', 'ACTIVE'],
    ['linus@example.com', 'unlock', 'ACTIVE'],
    ['linus@example.com', 'deactivate', 'DEPROVISIONED'],
    ['grace@example.com', 'deactivate?sendEmail=false', 'DEPROVISIONED'],
    ['ADA@example.com', 'suspend', 'SUSPENDED'],
    ['ada', 'suspend', 'SUSPENDED'],
  ])('%s: %s makes it %s, and answers with nothing', async (user, action, status) => {
    const { act, userOf } = await start();
    const login = user.toLowerCase() === 'ada' ? 'ada@example.com' : user.toLowerCase();
    expect(await act(user, action)).toMatchObject({ status: 200, body: undefined });
    expect(userOf(login)).toMatchObject({ status, changes: 1, isTransitioning: false });
  });

  test.each([
    ['grace@example.com', 'suspend', 400, 'E0000001', 'Cannot suspend a user that is not active'],
    ['gone@example.com', 'suspend', 400, 'E0000001', 'Cannot suspend a user that is not active'],
    ['ada@example.com', 'unsuspend', 400, 'E0000001', 'Cannot unsuspend a user that is not suspended'],
    ['ada@example.com', 'unlock', 403, 'E0000032', undefined],
    ['gone@example.com', 'deactivate', 404, 'E0000007', undefined],
    ['nobody@example.com', 'suspend', 404, 'E0000007', undefined],
    ['alan', 'suspend', 404, 'E0000007', undefined],
    ['corp%2Fedsger', 'suspend', 404, 'E0000007', undefined],
    ['ada@example.com', 'suspend?sendEmail=true', 400, 'E0000001', 'sendEmail: is not allowed here'],
    ['ada@example.com', 'deactivate?sendEmail=maybe', 400, 'E0000001', 'sendEmail: is not allowed here'],
  ])('%s: %s is refused with %d %s', async (user, action, status, errorCode, cause) => {
    const { act, simulator } = await start();
    const before = simulator.state();
    const answer = await act(user, action);
    expect(answer).toMatchObject({
      status,
      body: { errorCode, errorLink: errorCode, errorId: expect.stringMatching(/^oae/) },
    });
    expect(answer.body.errorCauses).toEqual(cause === undefined ? [] : [{ errorSummary: cause }]);
    expect(simulator.state()).toEqual(before);
  });

  test('a deactivation may take a while, in which reading says so', async () => {
    let nowMs = NOW.getTime();
    const { act, call } = await start({ deactivationMs: 5_000, now: () => new Date(nowMs) });
    expect((await act('ada@example.com', 'deactivate')).status).toBe(200);
    const during = await call('GET', `${USERS}/ada@example.com`);
    expect(during.body).toMatchObject({ status: 'ACTIVE', transitioningToStatus: 'DEPROVISIONED' });
    expect((await act('ada@example.com', 'deactivate')).status).toBe(404);
    nowMs += 5_000;
    const { body } = await call('GET', `${USERS}/ada@example.com`);
    expect(body.status).toBe('DEPROVISIONED');
    expect(body).not.toHaveProperty('transitioningToStatus');
  });

  test('a user from a directory is not unlocked', async () => {
    const users = [{ login: 'ad@example.com', status: 'LOCKED_OUT', isOktaSourced: false } as const];
    const { act } = await start({ users });
    expect((await act('ad@example.com', 'unlock')).body.errorCode).toBe('E0000032');
  });

  test('"me" is the owner of the token', async () => {
    const { act, call, userOf } = await start({ owner: 'root@example.com', successBody: 'object' });
    expect((await call('GET', `${USERS}/me`)).body.profile.login).toBe('root@example.com');
    expect(await act('me', 'suspend')).toMatchObject({ status: 200, body: {} });
    expect(userOf('root@example.com').status).toBe('SUSPENDED');
  });

  test('a reset brings everybody back', async () => {
    const { act, simulator } = await start();
    const before = simulator.state();
    await act('ada@example.com', 'suspend');
    simulator.reset();
    expect(simulator.state()).toEqual(before);
  });
});

describe('reading users', () => {
  test('one by its id or login, with its ETag', async () => {
    const { call, userOf } = await start();
    const { id } = userOf('corp/edsger');
    expect(id).toMatch(/^00u[0-9a-z]{17}$/);
    const { body, headers } = await call('GET', `${USERS}/${id}`);
    expect(body).toMatchObject({ id, status: 'ACTIVE', profile: { login: 'corp/edsger' } });
    expect(headers.get('etag')).toMatch(/^W\//);
    expect((await call('GET', `${USERS}/gone@example.com`)).body.status).toBe('DEPROVISIONED');
  });

  test('page by page along the links, each once and nobody who is deprovisioned', async () => {
    const users = Array.from({ length: 450 }, (_, n) => ({ login: `user${n}@example.com` }));
    const { call, url, simulator } = await start({
      users: [...users, { login: 'x@y.z', status: 'DEPROVISIONED' }],
    });
    const logins: string[] = [];
    const sizes: number[] = [];
    for (let next: string | undefined = USERS; next !== undefined;) {
      const { body, headers } = await call('GET', next);
      const link = headers.get('link')!;
      expect(link).toContain('rel="self"');
      sizes.push(body.length);
      logins.push(...body.map((user: { profile: { login: string } }) => user.profile.login));
      next = /<([^>]+)>; rel="next"/.exec(link)?.[1]?.replace(url, '');
    }
    expect(sizes).toEqual([200, 200, 51]);
    expect(logins).toEqual(
      simulator
        .state()
        .users.map(({ login }) => login)
        .slice(0, 451),
    );
  });

  test.each([
    ['limit=2', ['api.owner@example.com', 'ada@example.com']],
    ['q=a&limit=3', ['api.owner@example.com', 'ada@example.com', 'alan@one.example.com']],
    ['filter=profile.login eq "corp/edsger"', ['corp/edsger']],
    ['filter=profile.login eq "GONE@example.com"', ['gone@example.com']],
    ['filter=profile.login eq "no\\"body"', []],
    [
      'filter=(status eq "SUSPENDED" or status eq "LOCKED_OUT") and profile.email eq "linus@example.com"',
      ['linus@example.com'],
    ],
    ['filter=lastUpdated gt "2027-01-01T00:00:00.000Z"', []],
  ])('%s', async (query, logins) => {
    const { call } = await start();
    const { body } = await call('GET', `${USERS}?${new URLSearchParams(query)}`);
    expect(body.map((user: { profile: { login: string } }) => user.profile.login)).toEqual(logins);
  });

  test.each([
    ['filter=profile.login sw "a"', 'E0000031'],
    ['filter=profile.login gt "a"', 'E0000031'],
    ['filter=login eq "a"', 'E0000031'],
    ['filter=status eq ACTIVE', 'E0000031'],
    ['filter=(status eq "ACTIVE"', 'E0000031'],
    ['filter=status eq "ACTIVE" status eq "ACTIVE"', 'E0000031'],
    ['filter=', 'E0000031'],
    ['limit=0', 'E0000001'],
    ['after=elsewhere', 'E0000001'],
    ['size=3', 'E0000001'],
  ])('refuses %s', async (query, errorCode) => {
    const { call } = await start();
    expect(await call('GET', `${USERS}?${new URLSearchParams(query)}`)).toMatchObject({
      status: 400,
      body: { errorCode },
    });
  });
});

describe('the door', () => {
  test.each([
    [{ authorization: 'SSWS another-token' }, 401, 'E0000011'],
    [{ authorization: `Bearer ${TOKEN}` }, 401, 'E0000011'],
  ])('%j is a %d', async (headers, status, errorCode) => {
    const { call } = await start();
    expect(await call('GET', USERS, headers)).toMatchObject({ status, body: { errorCode } });
  });

  test.each([
    ['read', 200, 403],
    ['none', 403, 403],
  ] as const)('an owner who may %s: reading %d, changing %d', async (rights, reading, changing) => {
    const { call, act } = await start({ rights });
    expect((await call('GET', USERS)).status).toBe(reading);
    const refused = await act('ada@example.com', 'suspend');
    expect(refused).toMatchObject({ status: changing, body: { errorCode: 'E0000006' } });
  });

  test.each([
    ['DELETE', `${USERS}/ada@example.com`, 405],
    ['GET', `${USERS}/ada@example.com/lifecycle/suspend`, 405],
    ['POST', `${USERS}/ada@example.com/lifecycle/reset`, 405],
    ['GET', '/api/v2/users', 404],
  ])('%s %s is a %d', async (method, path, status) => {
    const { call } = await start();
    expect((await call(method, path)).status).toBe(status);
  });
});

describe('rate limits', () => {
  test('every answer says what is left, by the vendor’s own clock', async () => {
    let nowMs = NOW.getTime();
    const { call, act } = await start({
      rateLimit: { requests: 2, perMs: 10_000 },
      now: () => new Date(nowMs),
    });
    const told = async () => {
      const { status, headers } = await call('GET', `${USERS}/ada@example.com`);
      const [limit, remaining, reset] = ['limit', 'remaining', 'reset'].map((what) =>
        Number(headers.get(`x-rate-limit-${what}`)),
      );
      return { status, limit, remaining, waitS: reset! - Date.parse(headers.get('date')!) / 1_000 };
    };
    expect(await told()).toEqual({ status: 200, limit: 2, remaining: 1, waitS: 11 });
    expect(await told()).toEqual({ status: 200, limit: 2, remaining: 0, waitS: 11 });
    expect(await told()).toEqual({ status: 429, limit: 2, remaining: 0, waitS: 11 });
    expect((await act('ada@example.com', 'suspend')).status).toBe(200);
    nowMs += 11_000;
    expect((await told()).status).toBe(200);
  });

  test('too many at once: 0 of 0', async () => {
    const { call, simulator } = await start({ concurrentRequests: 1 });
    simulator.order({ when: 'after', effect: { kind: 'delay', delayMs: 1_000 } });
    const first = call('GET', `${USERS}/ada@example.com`);
    while (simulator.requests().inFlight === 0) await new Promise((resolve) => setImmediate(resolve));
    const { status, headers, body } = await call('GET', `${USERS}/ada@example.com`);
    expect([status, headers.get('x-rate-limit-limit'), headers.get('x-rate-limit-remaining')]).toEqual([
      429,
      '0',
      '0',
    ]);
    expect(body.errorCode).toBe('E0000047');
    expect((await first).status).toBe(200);
    expect((await call('GET', `${USERS}/ada@example.com`)).status).toBe(200);
  });

  test.each([
    ['okta', '600'],
    ['okta-concurrency', '0'],
  ] as const)('a fault to order in the dialect %s', async (dialect, limit) => {
    const { call, simulator } = await start();
    simulator.order({ effect: { kind: 'rateLimit', dialect, waitSeconds: 3 } });
    const { status, headers } = await call('GET', USERS);
    expect([status, headers.get('x-rate-limit-limit')]).toEqual([429, limit]);
    expect(headers.get('date')).toBe(NOW.toUTCString());
  });
});
