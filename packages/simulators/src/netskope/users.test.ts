import { afterEach, describe, expect, test } from '@jest/globals';
import type { Simulator } from '../simulator/simulator.js';
import {
  createNetskopeSimulator,
  type NetskopeSimulatorOptions,
  type NetskopeState,
} from './netskope-simulator.js';

const TOKEN = 'token-for-tests';
const SCORES = '/api/v2/incidents/uba/getuci';
const IMPACTS = '/api/v2/incidents/user/uciimpact';
const ANOMALIES = '/api/v2/incidents/anomalies';

let running: Simulator<NetskopeState> | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function start(options: Partial<NetskopeSimulatorOptions> = {}) {
  running = createNetskopeSimulator({
    token: TOKEN,
    users: [
      {
        userId: 'Ada@example.com',
        aliases: ['ada.b@example.com'],
        scores: [
          { start: 3_000, score: 103 },
          { start: 1_000, score: 650 },
          { start: 2_000, score: 400 },
        ],
      },
      { userId: 'grace@example.com' },
    ],
    now: () => new Date('2026-01-02T03:04:05.678Z'),
    ...options,
  });
  const url = await running.listen();
  const call = async (method: string, path: string, body?: unknown) => {
    const reply = await fetch(url + path, {
      method,
      headers: { 'netskope-api-token': TOKEN, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: reply.status, body: JSON.parse(await reply.text()) };
  };
  return { call, simulator: running };
}

describe('scores of users', () => {
  test('since a time, oldest first, whatever the case of the name or the address asked for', async () => {
    const { call } = await start();
    const users = ['ada@EXAMPLE.com', 'ADA.b@example.com', 'grace@example.com', 'nobody@example.com'];
    const ada = {
      userId: 'Ada@example.com',
      confidences: [
        { start: 2_000, confidenceScore: 400 },
        { start: 3_000, confidenceScore: 103 },
      ],
    };
    expect(await call('POST', SCORES, { users, fromTime: 2_000 })).toEqual({
      status: 200,
      body: {
        usersUci: [
          ada,
          ada,
          { userId: 'grace@example.com', confidences: [] },
          { userId: 'nobody@example.com', confidences: [] },
        ],
      },
    });
  });

  test('the newest so many only, when asked', async () => {
    const { call } = await start();
    const { body } = await call('POST', SCORES, { users: ['ada@example.com'], fromTime: 0, capPerUser: 1 });
    expect(body.usersUci[0].confidences).toEqual([{ start: 3_000, confidenceScore: 103 }]);
  });

  test('unknown users may be left out', async () => {
    const { call } = await start({ unknownUsers: 'missing' });
    const users = ['nobody@example.com', 'grace@example.com'];
    const { body } = await call('POST', SCORES, { users, fromTime: 0 });
    expect(body.usersUci).toEqual([{ userId: 'grace@example.com', confidences: [] }]);
  });

  test.each([
    ['no users', { users: [], fromTime: 0 }],
    ['users that are no list', { users: 'ada@example.com', fromTime: 0 }],
    ['an empty user', { users: [''], fromTime: 0 }],
    ['no time', { users: ['ada@example.com'] }],
    ['a time that is a text', { users: ['ada@example.com'], fromTime: '0' }],
    ['an unknown field', { users: ['ada@example.com'], fromTime: 0, limit: 5 }],
    ['a cap of none', { users: ['ada@example.com'], fromTime: 0, capPerUser: 0 }],
    ['more users than a call takes', { users: Array(513).fill('ada@example.com'), fromTime: 0 }],
  ])('refuses %s', async (_what, body) => {
    const { call } = await start();
    expect(await call('POST', SCORES, body)).toMatchObject({ status: 400, body: { error: 'Bad Request' } });
  });

  test('are answered to a token that may only read; impacts are not', async () => {
    const { call, simulator } = await start({ privileges: { [SCORES]: 'read', [IMPACTS]: 'read' } as const });
    expect((await call('POST', SCORES, { users: ['ada@example.com'], fromTime: 0 })).status).toBe(200);
    expect((await call('POST', IMPACTS, impact)).status).toBe(403);
    expect(simulator.state().impacts).toEqual([]);
  });
});

const impact = {
  user: 'ada@example.com',
  score: 200,
  timestamp: 1_767_323_045_000,
  source: 'a test',
  reason: 'for the test',
};

describe('impacts', () => {
  test('each one counts, however equal, and makes an anomaly', async () => {
    const { call, simulator } = await start();
    const first = await call('POST', IMPACTS, impact);
    const second = await call('POST', IMPACTS, impact);
    expect(first).toEqual({
      status: 200,
      body: {
        activity: 'ActivityForUciImpactAPI',
        anomalyCreatedTime: '2026-01-02T03:04:05Z',
        anomalyId: expect.stringMatching(/^[0-9a-f]{24}$/),
        eventId: first.body.anomalyId,
        reason: 'for the test',
        score: 200,
        source: 'a test',
        time: 1_767_323_045_000,
        user: 'ada@example.com',
      },
    });
    expect(second.body.anomalyId).not.toBe(first.body.anomalyId);
    expect(simulator.state().impacts).toMatchObject([impact, impact]);
  });

  test('an anomaly is looked at and allowed', async () => {
    const { call, simulator } = await start();
    const { anomalyId } = (await call('POST', IMPACTS, impact)).body;
    expect((await call('GET', `${ANOMALIES}/${anomalyId}`)).body).toMatchObject({
      anomalyId,
      markAsAllowed: false,
    });
    const allowed = await call('POST', `${ANOMALIES}/${anomalyId}/allow`, { reason: 'a mistake' });
    expect(allowed.body).toMatchObject({ markAsAllowed: true, reasonForAllowed: 'a mistake' });
    expect(simulator.state().impacts).toMatchObject([{ allowed: true, reasonForAllowed: 'a mistake' }]);
  });

  test.each([
    ['a user that is no address', { user: 'ada' }],
    ['a score of 0', { score: 0 }],
    ['a score over 1,000', { score: 1_001 }],
    ['half a point', { score: 1.5 }],
    ['a time in seconds', { timestamp: 1_767_323_045 }],
    ['an empty source', { source: ' ' }],
    ['no reason', { reason: undefined }],
    ['an unknown field', { anomalyId: 'x' }],
  ])('refuses %s', async (_what, changes) => {
    const { call, simulator } = await start();
    expect((await call('POST', IMPACTS, { ...impact, ...changes })).status).toBe(400);
    expect(simulator.state().impacts).toEqual([]);
  });

  test.each([
    ['GET', `${ANOMALIES}/54cde79c`, undefined, 404],
    ['POST', `${ANOMALIES}/54cde79c/allow`, { reason: 'x' }, 404],
    ['POST', `${ANOMALIES}/54cde79c/allow`, {}, 400],
    ['GET', IMPACTS, undefined, 405],
    ['GET', SCORES, undefined, 405],
    ['POST', `${ANOMALIES}/54cde79c`, {}, 405],
    ['POST', '/api/v1/api/v2/incidents/uba/getuci', {}, 404],
    ['GET', ANOMALIES, undefined, 404],
  ])('%s %s with %j is a %d', async (method, path, body, status) => {
    const { call } = await start();
    expect((await call(method, path, body)).status).toBe(status);
  });

  test('are gone after a reset; users and profiles are back', async () => {
    const { call, simulator } = await start({ fileProfiles: [{ name: 'Hashes' }] });
    await call('POST', IMPACTS, impact);
    simulator.reset();
    const { impacts, users, fileProfiles } = simulator.state();
    expect(impacts).toEqual([]);
    expect(users.map(({ userId }) => userId)).toEqual(['Ada@example.com', 'grace@example.com']);
    expect(fileProfiles).toEqual([{ name: 'Hashes', hashes: ['f'.repeat(64)], pending: false, updates: 0 }]);
  });
});
