import type { CallEvidence, RunView, StoredOutcome } from '@drover/engine';
import { count } from './figures.js';
import { safeText } from './safe-text.js';
import { table } from './table.js';

/** Unknown objects with what the journal knows of their calls, and how to say what became of them. */
export function unknownText(run: RunView, outcomes: readonly StoredOutcome[]): string {
  const unknown = run.summary.counts.unknown;
  const title = `Unknown (${count(outcomes.length)} of ${count(unknown)}):`;
  const rows = table(
    outcomes,
    [
      { title: 'OBJECT', value: ({ value }) => safeText(value), maxWidth: 60 },
      { title: 'CALL', value: ({ evidence }) => evidence?.call },
      { title: 'SENT AT', value: ({ evidence }) => evidence?.intentAt },
      { title: 'ANSWER', value: ({ evidence, at }) => answerText(evidence, at), maxWidth: 80 },
    ],
    { nothing: '' },
  );
  const advice = `Look at the vendor, then say what you found:\n  drover run resolve ${run.id} OBJECT --as sent|not-sent`;
  return `${title}\n${rows}\n\n${advice}`;
}

function answerText(evidence: CallEvidence | undefined, outcomeAt: string): string {
  if (evidence?.result === undefined) return 'none';
  const { result, answeredAt = outcomeAt } = evidence;
  if (result.kind === 'notSent') return safeText(`not sent: ${result.reason}`);
  if (result.kind === 'noAnswer') return safeText(`none: ${result.reason}`);
  return answeredAt > outcomeAt
    ? `${result.status}, late, at ${answeredAt}`
    : `${result.status} at ${answeredAt}`;
}
