import { describe, expect, it } from '@jest/globals';
import type { CallEvidence, RunView, StoredOutcome } from '@drover/engine';
import { unknownText } from './unknown-report.js';

const RUN = { id: 'run_1', summary: { counts: { unknown: 12 } } } as unknown as RunView;
const SENT = { call: 'createImpact', intentAt: '2026-03-01T12:00:00.000Z' };

function outcome(value: string, evidence?: CallEvidence): StoredOutcome {
  const at = '2026-03-01T12:00:05.000Z';
  const rest = evidence === undefined ? {} : { evidence };
  return { objectId: 'obj_1', type: 'identity', value, status: 'unknown', attempt: 1, at, ...rest };
}

describe('unknownText', () => {
  it('tells of each call when it left and what came back, late or not at all', () => {
    const late = { kind: 'answered', status: 201 } as const;
    const text = unknownText(RUN, [
      outcome('a@example.com', SENT),
      outcome('b@example.com', { ...SENT, result: { kind: 'noAnswer', reason: 'it answered 500' } }),
      outcome('c@example.com', { ...SENT, result: late, answeredAt: '2026-03-01T12:00:09.000Z' }),
      outcome('d@example.com', { ...SENT, result: late, answeredAt: '2026-03-01T12:00:01.000Z' }),
      outcome('e@example.com', { ...SENT, result: { kind: 'notSent', reason: 'it was stopped' } }),
    ]);
    const lines = text.split('\n').map((line) => line.replaceAll(/ {2,}/g, '  ').trim());
    expect(lines[0]).toBe('Unknown (5 of 12):');
    expect(lines.slice(2, 7)).toEqual([
      'a@example.com  createImpact  2026-03-01T12:00:00.000Z  none',
      'b@example.com  createImpact  2026-03-01T12:00:00.000Z  none: it answered 500',
      'c@example.com  createImpact  2026-03-01T12:00:00.000Z  201, late, at 2026-03-01T12:00:09.000Z',
      'd@example.com  createImpact  2026-03-01T12:00:00.000Z  201 at 2026-03-01T12:00:01.000Z',
      'e@example.com  createImpact  2026-03-01T12:00:00.000Z  not sent: it was stopped',
    ]);
    expect(text).toContain('drover run resolve run_1 OBJECT --as sent|not-sent');
  });
});
