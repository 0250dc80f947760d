import { afterEach, describe, expect, test } from '@jest/globals';
import {
  createCrowdstrikeSimulator,
  type CrowdstrikeSimulator,
  type CrowdstrikeSimulatorOptions,
} from './crowdstrike-simulator.js';
import { makeUsers } from './users.js';

const CLIENT = { id: 'client-of-tests', secret: 'secret-of-tests' };
const GRAPHQL = '/identity-protection/combined/graphql/v1';
const PAGE = `query ($after: Cursor, $since: DateTimeInput, $order: SortOrder, $addresses: [String!], $archived: Boolean) {
  entities(types: [USER], sortKey: CREATION_TIME, sortOrder: $order, first: 2, after: $after, archived: $archived,
    accountCreationStartTime: $since, emailAddresses: $addresses) {
    nodes { primaryDisplayName riskScore ... on UserEntity { emailAddresses } }
    pageInfo { hasNextPage endCursor }
  }
}`;

const USERS = [
  { primaryDisplayName: 'Ada', emailAddresses: ['Ada@example.com', 'al@example.com'], riskScore: 0.25 },
  { primaryDisplayName: 'Bob', emailAddresses: ['bob@example.com'] },
  { primaryDisplayName: 'Cleo', emailAddresses: ['cleo@example.com'], riskScore: 1, archived: true },
  { primaryDisplayName: 'Daemon', riskScore: 0.5 },
  { primaryDisplayName: 'Eve', emailAddresses: ['eve@example.com'], riskScore: 0 },
];

let simulator: CrowdstrikeSimulator;
let url: string;
let nowMs: number;
afterEach(() => simulator.close());

async function start(options: Partial<CrowdstrikeSimulatorOptions> = {}) {
  nowMs = Date.UTC(2026, 0, 2, 3, 4, 5);
  simulator = createCrowdstrikeSimulator({
    client: CLIENT,
    users: USERS,
    now: () => new Date(nowMs),
    ...options,
  });
  url = await simulator.listen();
}

async function post(
  path: string,
  init: { body?: string; type?: string; token?: string; method?: string } = {},
) {
  const { body = '', type = 'application/json', token, method = 'POST' } = init;
  const headers = {
    'content-type': type,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const reply = await fetch(url + path, { method, headers, ...(method === 'POST' ? { body } : {}) });
  const text = await reply.text();
  return { status: reply.status, headers: reply.headers, body: text === '' ? undefined : JSON.parse(text) };
}

const FORM = 'application/x-www-form-urlencoded';
const askToken = (body = `client_id=${CLIENT.id}&client_secret=${CLIENT.secret}`) =>
  post('/oauth2/token', { body, type: FORM });
const newToken = async () => (await askToken()).body.access_token as string;

async function ask(variables: object = {}, query = PAGE, token?: string) {
  const shown = token ?? (await newToken());
  return post(GRAPHQL, { token: shown, body: JSON.stringify({ query, variables }) });
}

const namesOf = (body: any) => body.data.entities.nodes.map((node: any) => node.primaryDisplayName); // oxlint-disable-line no-explicit-any

describe('tokens', () => {
  test('are created, say how long they live and which cloud the account lives in', async () => {
    await start({ region: 'eu-1' });
    const { status, headers, body } = await askToken();
    expect(status).toBe(201);
    expect(body).toEqual({ access_token: expect.any(String), expires_in: 1799, token_type: 'bearer' });
    expect(headers.get('x-cs-region')).toBe('eu-1');
    expect(headers.get('x-cs-traceid')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test.each([
    ['a wrong secret', `client_id=${CLIENT.id}&client_secret=wrong`, 403],
    ['another client', `client_id=other&client_secret=${CLIENT.secret}`, 403],
    ['no secret', `client_id=${CLIENT.id}`, 400],
    ['an unknown field', `client_id=${CLIENT.id}&client_secret=${CLIENT.secret}&x=1`, 400],
  ])('are refused to %s', async (_what, body, status) => {
    await start();
    expect(await askToken(body)).toMatchObject({ status, body: { errors: [{ code: status }], meta: {} } });
    expect(simulator.state().tokens).toEqual({ issued: 0, live: 0 });
  });

  test('are let in until they expire', async () => {
    await start();
    const token = await newToken();
    nowMs += 1_798_000;
    expect((await ask({}, PAGE, token)).status).toBe(200);
    nowMs += 1_000;
    expect(await ask({}, PAGE, token)).toMatchObject({ status: 401, body: { errors: [{ code: 401 }] } });
    expect(simulator.state().tokens).toEqual({ issued: 1, live: 0 });
  });

  test('are revoked one by one by the client, or all at once', async () => {
    await start();
    const [one, other] = [await newToken(), await newToken()];
    const basic = Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64');
    const revoke = (authorization: string) =>
      fetch(`${url}/oauth2/revoke`, {
        method: 'POST',
        headers: { authorization, 'content-type': FORM },
        body: `token=${one}`,
      });
    expect((await revoke('Basic bm9ib2R5Om5vYm9keQ==')).status).toBe(401);
    expect((await revoke(`Basic ${basic}`)).status).toBe(200);
    expect((await ask({}, PAGE, one)).status).toBe(401);
    expect((await ask({}, PAGE, other)).status).toBe(200);
    expect((await post('/__sim/tokens', { method: 'DELETE' })).status).toBe(204);
    expect((await ask({}, PAGE, other)).status).toBe(401);
  });

  test('of a client without the right do not reach the entities', async () => {
    await start({ mayQuery: false });
    expect((await ask()).status).toBe(403);
  });
});

describe('entities', () => {
  test('page by page, oldest account first, until there is no next page', async () => {
    await start();
    const token = await newToken();
    const names: string[] = [];
    let after: string | null = null;
    for (let hasNextPage = true; hasNextPage;) {
      const { body } = await ask({ after, order: 'ASCENDING' }, PAGE, token);
      names.push(...namesOf(body));
      ({ hasNextPage, endCursor: after } = body.data.entities.pageInfo);
    }
    expect(names).toEqual(['Ada', 'Bob', 'Cleo', 'Daemon', 'Eve']);
  });

  test('newest first, from a time on, unarchived', async () => {
    await start();
    const since = new Date(simulator.users()[1]!.createdAtMs).toISOString();
    const first = await ask({ order: 'DESCENDING', since, archived: false });
    expect(namesOf(first.body)).toEqual(['Eve', 'Daemon']);
    const after = first.body.data.entities.pageInfo.endCursor;
    const second = await ask({ order: 'DESCENDING', since, archived: false, after });
    expect(namesOf(second.body)).toEqual(['Bob']);
    expect(second.body.data.entities.pageInfo.hasNextPage).toBe(false);
  });

  test.each([
    [false, ['AL@example.com', 'bob@example.com'], ['Ada', 'Bob']],
    [true, ['AL@example.com', 'bob@example.com'], ['Bob']],
    [false, ['nobody@example.com'], []],
    [false, [], []],
  ])('by address, case told apart: %s, %j', async (isCaseSensitive, addresses, names) => {
    await start({ isCaseSensitive });
    expect(namesOf((await ask({ addresses })).body)).toEqual(names);
  });

  test('without a next page there is no cursor when there is nobody', async () => {
    await start({ users: [] });
    const { body } = await ask();
    expect(body.data.entities).toEqual({ nodes: [], pageInfo: { hasNextPage: false, endCursor: null } });
  });

  test('a score that is not there is null, and a user without an address has none', async () => {
    await start();
    const { body } = await ask({ addresses: ['bob@example.com'] });
    expect(body.data.entities.nodes).toEqual([
      { primaryDisplayName: 'Bob', riskScore: null, emailAddresses: ['bob@example.com'] },
    ]);
  });

  test('say what they cost, and what is left', async () => {
    await start({ points: { points: 10, perMs: 60_000 } });
    const token = await newToken();
    nowMs += 1_000;
    const extensionsOf = async () => (await ask({}, PAGE, token)).body.extensions;
    expect(await extensionsOf()).toMatchObject({ consumedPoints: 3, remainingPoints: 7, reset: 60_000 });
    nowMs += 20_000;
    expect(await extensionsOf()).toMatchObject({ consumedPoints: 3, remainingPoints: 4, reset: 40_000 });
    for (let query = 0; query < 2; query += 1) await ask({}, PAGE, token);
    const { status, body } = await ask({}, PAGE, token);
    expect(status).toBe(200);
    expect(body).toMatchObject({ data: null, errors: [{ extensions: { code: 'RATE_LIMITED' } }] });
    nowMs += 40_000;
    expect(await extensionsOf()).toMatchObject({ remainingPoints: 7 });
  });
});

describe('what is wrong with a query is told with status 200', () => {
  const entities = (args: string) => `{ entities(${args}) { nodes { entityId } pageInfo { hasNextPage } } }`;
  test.each([
    ['no GraphQL', '{ entities(', 'GRAPHQL_VALIDATION_FAILED'],
    ['an unknown field', '{ people { name } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['an unknown argument', entities('first: 5, updatedSince: 1'), 'GRAPHQL_VALIDATION_FAILED'],
    [
      'addresses of any entity',
      '{ entities(first: 5) { nodes { emailAddresses } } }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['no page size', entities('types: [USER]'), 'BAD_USER_INPUT'],
    ['a page size of 0', entities('first: 0'), 'BAD_USER_INPUT'],
    ['a page over 1000', entities('first: 1001'), 'BAD_USER_INPUT'],
    [
      'a time without its zone',
      entities('first: 5, accountCreationStartTime: "2026-01-01"'),
      'BAD_USER_INPUT',
    ],
    ['a cursor of nobody', entities('first: 5, after: "abc"'), 'INVALID_CURSOR'],
  ])('%s', async (_what, query, code) => {
    await start();
    const { status, body } = await ask({}, query);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      data: null,
      errors: [{ extensions: { code } }],
      extensions: { consumedPoints: 0 },
    });
  });

  test('a cursor fits its own query only, and grows old', async () => {
    await start({ cursorLifeS: 60 });
    const after = (await ask({ order: 'ASCENDING' })).body.data.entities.pageInfo.endCursor;
    const code = async (variables: object) => (await ask(variables)).body.errors?.[0].extensions.code;
    expect(await code({ order: 'DESCENDING', after })).toBe('INVALID_CURSOR');
    expect(await code({ order: 'ASCENDING', after })).toBeUndefined();
    nowMs += 60_001;
    expect(await code({ order: 'ASCENDING', after })).toBe('INVALID_CURSOR');
  });

  test.each([
    ['no query', {}],
    ['a query that is none', { query: 5 }],
    ['an unknown field', { query: PAGE, operationName: 'x' }],
    ['variables that are none', { query: PAGE, variables: 'x' }],
  ])('but a body with %s is a 400', async (_what, body) => {
    await start();
    expect((await post(GRAPHQL, { token: await newToken(), body: JSON.stringify(body) })).status).toBe(400);
  });
});

describe('the wire', () => {
  test.each([
    ['POST', '/identity-protection/combined/graphql', 404],
    ['GET', GRAPHQL, 405],
    ['POST', '/oauth2/tokens', 404],
  ])('%s %s: %d', async (method, path, status) => {
    await start();
    expect((await post(path, { method, body: '{}' })).status).toBe(status);
  });

  test('says what is left of the minute, and when to come again', async () => {
    await start({ requestsPerMinute: 3 });
    const token = await newToken();
    const second = await ask({}, PAGE, token);
    expect(second.headers.get('x-ratelimit-limit')).toBe('3');
    expect(second.headers.get('x-ratelimit-remaining')).toBe('1');
    await ask({}, PAGE, token);
    const { status, headers, body } = await ask({}, PAGE, token);
    expect(status).toBe(429);
    expect(Number(headers.get('x-ratelimit-retryafter'))).toBe(Math.ceil(nowMs / 1_000) + 60);
    expect(body).toMatchObject({ errors: [{ code: 429 }] });
  });

  test('a token or a body of another kind is refused', async () => {
    await start();
    expect((await post('/oauth2/token', { body: '{}' })).status).toBe(400);
    expect((await post(GRAPHQL, { token: await newToken(), body: 'no JSON' })).status).toBe(400);
    expect((await post(GRAPHQL, { token: await newToken(), body: 'x', type: 'text/plain' })).status).toBe(
      415,
    );
  });

  test('an ordered fault may echo the token', async () => {
    await start();
    const token = await newToken();
    simulator.order({ effect: { kind: 'echoToken', status: 500 } });
    expect(JSON.stringify((await ask({}, PAGE, token)).body)).toContain(token);
  });
});

describe('users', () => {
  const change = (body: object) => post('/__sim/users', { body: JSON.stringify(body) });

  test('change, and are back after a reset', async () => {
    await start({ users: structuredClone(USERS) });
    expect((await change({ address: 'bob@example.com', riskScore: 0.75, archived: true })).status).toBe(204);
    expect(simulator.users()[1]).toMatchObject({ riskScore: 0.75, archived: true });
    expect((await change({ address: 'nobody@example.com' })).status).toBe(404);
    expect((await change({ address: 'bob@example.com', riskScore: 2 })).status).toBe(400);
    simulator.reset();
    expect(simulator.users()[1]).toMatchObject({ riskScore: null, archived: false });
  });

  test('are made up the same each time: so many that a pull takes, others on top', async () => {
    const seeds = makeUsers(1_000, Date.UTC(2026, 0, 1));
    expect(seeds).toEqual(makeUsers(1_000, Date.UTC(2026, 0, 1)));
    await start({ users: seeds });
    expect(simulator.state()).toMatchObject({ users: 1_020, archived: 10, withoutEmail: 10 });
    const live = simulator
      .users()
      .filter(({ archived, emailAddresses }) => !archived && emailAddresses.length > 0);
    expect(live).toHaveLength(1_000);
    expect(new Set(live.flatMap(({ emailAddresses }) => emailAddresses)).size).toBe(1_100);
    const scores = live.map(({ riskScore }) => riskScore).filter((score) => score !== null);
    expect(scores).toHaveLength(975);
    expect(Math.min(...scores)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...scores)).toBeLessThan(1);
  });
});
