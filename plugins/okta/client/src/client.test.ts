import { describe, expect, test } from '@jest/globals';
import type { CallParams, CallReply } from '@drover/plugin-sdk';
import { changeStatus, startsFrom } from './lifecycle.js';
import { type Okta, readError } from './okta.js';
import { findUserByLogin, isPathReference, isUserId, readUser } from './users.js';

/** Okta as far as these functions see it: one answer, and what was asked for it. */
function answering(body: unknown, status = 200): { okta: Okta; asked: [string, CallParams | undefined][] } {
  const asked: [string, CallParams | undefined][] = [];
  const reply: CallReply = { status, headers: {}, body, at: '2026-01-02T03:04:05.678Z' };
  const okta: Okta = {
    call: async <Body>(name: string, params?: CallParams) => {
      asked.push([name, params]);
      return reply as CallReply<Body>;
    },
  };
  return { okta, asked };
}

const ADA = { id: '00u1', status: 'ACTIVE', profile: { login: 'ada@example.com' } };

describe('an error', () => {
  test.each([
    [{ errorCode: 'E1', errorSummary: 'No.', errorCauses: [{ errorSummary: 'Why' }] }, 'E1', 'No. Why'],
    [{ errorCode: 'E1', errorSummary: 'No.', errorCauses: ['odd', null, {}] }, 'E1', 'No.'],
    [{ errorCode: 7 }, undefined, ''],
    ['<html>', undefined, ''],
    [undefined, undefined, ''],
  ])('%j', (body, code, words) => {
    expect(readError(body)).toEqual({ ...(code === undefined ? {} : { code }), words });
  });

  test('says no more than a sentence can hold', () => {
    expect(readError({ errorSummary: 'x'.repeat(10_000) }).words).toHaveLength(300);
  });
});

describe('users', () => {
  test.each([
    ['ada@example.com', true],
    ['00u1a2B3c4D5e6F7g8H9', true],
    ['corp\\ada', true],
    ['corp/ada', false],
    ['Me', false],
    ['me@example.com', true],
    ['.', false],
    ['..', false],
  ])('%s may stand in a path: %s', (reference, may) => {
    expect(isPathReference(reference)).toBe(may);
  });

  test.each([
    ['00u1a2B3c4D5e6F7g8H9', true],
    ['00u1a2B3c4D5e6F7g8H', false],
    ['00g1a2B3c4D5e6F7g8H9', false],
    ['ada@example.com', false],
  ])('%s is an id: %s', (text, is) => {
    expect(isUserId(text)).toBe(is);
  });

  test('a login cannot leave its quotes', async () => {
    const { okta, asked } = answering([]);
    expect(await findUserByLogin(okta, 'a" or status eq "ACTIVE\\')).toBeUndefined();
    const filter = 'profile.login eq "a\\" or status eq \\"ACTIVE\\\\"';
    expect(asked).toEqual([['findUsers', { query: { filter, limit: 2 } }]]);
  });

  test.each([
    [ADA, 200, { id: '00u1', login: 'ada@example.com', status: 'ACTIVE' }],
    [
      { ...ADA, transitioningToStatus: null },
      200,
      { id: '00u1', login: 'ada@example.com', status: 'ACTIVE' },
    ],
    [{ errorCode: 'E0000007' }, 404, undefined],
  ])('%j is read', async (body, status, user) => {
    expect(await readUser(answering(body, status).okta, '00u1')).toEqual(user);
  });

  test.each([
    [{ ...ADA, profile: {} }, 200],
    [[ADA], 200],
    ['<html>', 404],
    [{ errorCode: 'E0000022' }, 404],
  ])('%j under %d is no user', async (body, status) => {
    await expect(readUser(answering(body, status).okta, '00u1')).rejects.toMatchObject({
      code: 'VENDOR_ANSWER_INVALID',
      retryable: true,
    });
  });
});

describe('a change', () => {
  test.each([
    ['suspend', 'ACTIVE', true],
    ['suspend', 'LOCKED_OUT', false],
    ['deactivate', 'STAGED', true],
    ['deactivate', 'A_STATUS_TO_COME', true],
    ['deactivate', 'DEPROVISIONED', false],
    ['unlock', 'ACTIVE', false],
  ] as const)('%s of a user who is %s: %s', (action, status, may) => {
    expect(startsFrom(action, status)).toBe(may);
  });

  test.each([undefined, '', null, {}])('is done when Okta answers %j', async (body) => {
    const change = changeStatus(answering(body).okta, { action: 'unlock', userId: '00u1' });
    expect(await change).toEqual({ result: 'done' });
  });

  test.each([
    [400, 'E0000001', false],
    [404, 'E0000007', false],
    [403, 'E0000032', true],
    [403, 'E0000038', true],
  ])('a %d with %s is about the user', async (status, errorCode, isForGood) => {
    const { okta } = answering({ errorCode, errorSummary: 'No.' }, status);
    expect(await changeStatus(okta, { action: 'unlock', userId: '00u1' })).toEqual({
      result: 'refused',
      words: 'No.',
      isForGood,
    });
  });

  test.each([[{ errorCode: 'E0000006' }], [{ errorCode: 'E0000016' }], [undefined]])(
    'a 403 with %j is about the token',
    async (body) => {
      const change = changeStatus(answering(body, 403).okta, { action: 'unlock', userId: '00u1' });
      await expect(change).rejects.toMatchObject({ code: 'CREDENTIALS_REFUSED' });
    },
  );
});
