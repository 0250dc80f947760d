import { expect, test } from '@jest/globals';
import type { CallParams, CallReply } from '@drover/plugin-sdk';
import { probeConfidences, readConfidences } from './confidences.js';
import type { Netskope } from './netskope.js';

/** Netskope as far as these functions see it: one answer, and what was asked for it. */
function answering(body: unknown, status = 200): { netskope: Netskope; asked: (CallParams | undefined)[] } {
  const asked: (CallParams | undefined)[] = [];
  const reply: CallReply = { status, headers: {}, body, at: '2026-01-02T03:04:05.678Z' };
  const netskope: Netskope = {
    call: async <Body>(_name: string, params?: CallParams) => {
      asked.push(params);
      return reply as CallReply<Body>;
    },
  };
  return { netskope, asked };
}

const USERS = {
  usersUci: [
    { userId: 'Ada@example.com', confidences: [{ start: 1, confidenceScore: 5 }] },
    { userId: 'grace@example.com', confidences: [] },
  ],
};
const QUERY = { users: ['ada@example.com'], fromTime: 1_767_323_045_000 };

test.each([
  [['ADA@EXAMPLE.COM'], [{ start: 1, score: 5 }]],
  [['grace@example.com'], []],
  [['grace@example.com', 'ada@example.com'], [{ start: 1, score: 5 }]],
  [['nobody@example.com', 'Grace@example.com'], []],
  [['nobody@example.com', 'da@example.com'], undefined],
  [[], undefined],
])('of %j there are: %j', async (names, samples) => {
  const { netskope, asked } = answering(USERS);
  expect((await readConfidences(netskope, QUERY)).of(names)).toEqual(samples);
  expect(asked).toEqual([{ json: QUERY }]);
});

test('entries of one user are its scores together, each of them once', async () => {
  const early = { start: 1, confidenceScore: 5 };
  const usersUci = [
    { userId: 'ada@example.com', confidences: [early, { start: 2, confidenceScore: 7 }] },
    { userId: 'Ada@example.com', confidences: [early, { start: 2, confidenceScore: 9 }] },
    { userId: 'grace@example.com', confidences: [early] },
  ];
  const read = await readConfidences(answering({ usersUci }).netskope, QUERY);
  expect(read.of(['ada@example.com'])).toEqual([
    { start: 1, score: 5 },
    { start: 2, score: 7 },
    { start: 2, score: 9 },
  ]);
  expect(read.of(['grace@example.com'])).toEqual([{ start: 1, score: 5 }]);
});

test.each([[undefined], ['<html>'], [{ usersUci: {} }], [{ usersUci: [null] }]])(
  'an answer that is no scores is a fault: %j',
  async (body) => {
    await expect(readConfidences(answering(body).netskope, QUERY)).rejects.toMatchObject({
      code: 'VENDOR_ANSWER_INVALID',
      retryable: true,
    });
  },
);

test.each([
  [200, { usersUci: [] }, 'granted'],
  [403, undefined, 'no privilege'],
  [404, undefined, 'no such API'],
  [200, '<html>', 'no such API'],
] as const)('a probe that is answered with %d %j means: %s', async (status, body, access) => {
  expect(await probeConfidences(answering(body, status).netskope, 0)).toBe(access);
});
