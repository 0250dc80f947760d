import { describe, expect, test } from '@jest/globals';
import type { CheckedOutcome } from './balance-books.js';
import { judgeOutcome } from './once-outcomes.js';
import type { Standing } from './write-gates/once-gate.js';

const failed = (code: string): CheckedOutcome => ({
  placed: { position: 0, objectSeq: 1 },
  status: 'failed',
  code,
  message: 'It did not work.',
});
const answered = (status: number, isDone: boolean): Standing => ({ state: 'answered', status, isDone });

describe('a failure over a call that the vendor answered', () => {
  test.each(['PLUGIN_CONTRACT', 'PLUGIN_ERROR', 'VENDOR_ANSWER_INVALID', 'VENDOR_NO_ANSWER'])(
    'with the code %s is no reading of the answer: nobody knows what came of the call',
    (code) => {
      expect(judgeOutcome(failed(code), answered(200, true))).toMatchObject({ code: 'ANSWER_UNREAD' });
    },
  );

  test.each([
    ['PLUGIN_ERROR', 'and what came of it is not known: It did not work. Look there'],
    ['VENDOR_NO_ANSWER', 'and what came of it is not known: It did not work. Look there'],
    ['PLUGIN_CONTRACT', 'but the plugin did not say what came of it. Look there'],
  ])('with the code %s: %s', (code, words) => {
    const unknown = judgeOutcome(failed(code), answered(200, true));
    expect(unknown?.message).toContain(
      `The vendor answered 200 to a call that must not be repeated, ${words}`,
    );
  });

  test('a sentence of the plugin that has no end gets one', () => {
    const outcome = { ...failed('PLUGIN_ERROR'), message: 'no anomaly' };
    expect(judgeOutcome(outcome, answered(200, true))?.message).toContain(
      'not known: no anomaly. Look there',
    );
  });

  test('stands when the plugin read the answer, when the vendor refused, and when nothing was sent', () => {
    expect(judgeOutcome(failed('QUOTA_EXHAUSTED'), answered(200, true))).toBe(undefined);
    expect(judgeOutcome(failed('VENDOR_ANSWER_INVALID'), answered(404, false))).toBe(undefined);
    expect(judgeOutcome(failed('PLUGIN_ERROR'), { state: 'unsent' })).toBe(undefined);
  });
});
