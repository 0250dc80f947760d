import { afterEach, describe, expect, test } from '@jest/globals';
import type { Simulator } from '../simulator/simulator.js';
import {
  createNetskopeSimulator,
  type NetskopeSimulatorOptions,
  type NetskopeState,
} from './netskope-simulator.js';

const TOKEN = 'token-of-version-1';
const PATH = '/api/v1/updateFileHashList';
const OLD = 'f'.repeat(64);
const MD5 = 'a'.repeat(32);
const SHA256 = 'b'.repeat(64);

let running: Simulator<NetskopeState> | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function start(options: Partial<NetskopeSimulatorOptions> = {}) {
  running = createNetskopeSimulator({
    token: 'token-of-version-2',
    v1Token: TOKEN,
    fileProfiles: [
      { name: 'Hashes', hashes: [OLD] },
      { name: 'Being Edited', pending: true },
    ],
    ...options,
  });
  const url = await running.listen();
  const post = async (body: unknown, query: Record<string, string> = {}, method = 'POST') => {
    const reply = await fetch(`${url}${PATH}?${new URLSearchParams(query)}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
    });
    return { status: reply.status, body: JSON.parse(await reply.text()) };
  };
  const hashes = () => running!.state().fileProfiles[0]!.hashes;
  return { post, hashes, simulator: running };
}

const update = { name: 'Hashes', list: `${MD5},${SHA256.toUpperCase()}`, token: TOKEN };

describe('a hash list', () => {
  test('is replaced whole', async () => {
    const { post, hashes, simulator } = await start();
    expect(await post(update)).toEqual({
      status: 200,
      body: { status: 'success', msg: 'File Filter Profile updated successfully' },
    });
    expect(hashes()).toEqual([MD5, SHA256]);
    expect(simulator.state().fileProfiles[0]).toMatchObject({ updates: 1, pending: false });
  });

  test('takes name and token in the query as well', async () => {
    const { post, hashes } = await start();
    const { name, list, token } = update;
    expect((await post({ list }, { name, token })).body.status).toBe('success');
    expect(hashes()).toEqual([MD5, SHA256]);
  });

  test.each([
    ['a profile that is not there', { name: 'hashes' }, 'does not exist'],
    ['a profile with pending changes', { name: 'Being Edited' }, 'already a pending change'],
    [
      'the list that it holds already',
      { list: OLD.toUpperCase() },
      'Duplicate request, no change in file hashes for the file filter - Hashes',
    ],
    ['a hash of another length', { list: 'a'.repeat(40) }, 'Invalid hash'],
    ['an empty list', { list: '' }, 'Invalid hash'],
    ['a list that is too large', { list: `${MD5},${SHA256},${MD5},${MD5}` }, 'larger than 150 bytes'],
    ['an unknown field', { mode: 'append' }, 'Please use right request to query'],
    ['a list that is no text', { list: [MD5] }, 'Please use right request to query'],
  ])('refuses %s with status 200', async (_what, changes, words) => {
    const { post, simulator } = await start({ limits: { hashListBytes: 150 } });
    expect(await post({ ...update, ...changes })).toEqual({
      status: 200,
      body: {
        status: 'error',
        errorCode: 'Configuration Error',
        errors: [expect.stringContaining(words)],
      },
    });
    expect(simulator.state().fileProfiles.map(({ updates }) => updates)).toEqual([0, 0]);
  });

  test.each([['wrong'], ['token-of-version-2'], [undefined]])('refuses the token %j', async (token) => {
    const { post, hashes } = await start();
    expect(await post({ ...update, token })).toEqual({
      status: 403,
      body: { status: 'error', errorCode: 'Authorization Error', errors: ['Unauthorized'] },
    });
    expect(hashes()).toEqual([OLD]);
  });

  test('may be as large as the limit, though other bodies may not', async () => {
    const list = Array.from({ length: 129_055 }, (_, n) => n.toString(16).padStart(64, '0')).join(',');
    expect(list.length).toBeLessThanOrEqual(8 * 1024 * 1024);
    const { post, hashes } = await start();
    expect((await post({ ...update, list })).body.status).toBe('success');
    expect(hashes()).toHaveLength(129_055);
  });

  test('is written, never read', async () => {
    const { post } = await start();
    expect((await post(undefined, { name: 'Hashes', token: TOKEN }, 'GET')).status).toBe(405);
  });

  test('is limited to so many requests in a window, without a word on how long to wait', async () => {
    let nowMs = 1_000_000;
    const { post, simulator } = await start({
      v1RateLimit: { requests: 2, perMs: 5_000 },
      now: () => new Date(nowMs),
    });
    const statuses = [await post(update), await post(update), await post(update)].map(({ status }) => status);
    expect(statuses).toEqual([200, 200, 429]);
    nowMs += 4_999;
    expect((await post(update)).status).toBe(429);
    nowMs += 1;
    expect((await post(update)).status).toBe(200);
    expect(simulator.requests().byRoute[`POST ${PATH}`]!.statuses).toEqual({ 200: 3, 429: 2 });
  });

  test('an answer that echoes the token can be ordered once the body was read', async () => {
    const { post, simulator } = await start();
    simulator.order({ when: 'after', effect: { kind: 'echoToken', status: 400 } });
    expect((await post(update)).body.message).toBe(`Token ${TOKEN}`);
  });
});
