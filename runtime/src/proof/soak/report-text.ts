import type { SubjectFigures } from './check-soak.js';
import { lastWordsText } from './last-words.js';
import type { SoakReport } from './run-soak.js';

const MOST_PROBLEMS = 40;

/** A soak in a few lines; where something was not true, with all that happened. */
export function reportText(report: SoakReport): string {
  const { seed, objects, disturbances, subjects, feed, calmMs, problems } = report;
  const happened = Object.entries(disturbances);
  const times = happened.reduce((sum, [, n]) => sum + n, 0);
  return [
    `soak ${problems.length === 0 ? 'ok' : 'FAILED'}: seed ${seed}, ${objects} objects, ${times} disturbances`,
    `  ${happened.map(([kind, n]) => `${kind} ${n}`).join(', ')}`,
    ...subjects.map((subject) => `  ${subjectText(subject)}`),
    `  feed: ${feed.atVendor} incidents at the vendor, ${feed.atHome} in the library, ${feed.pulls} pulls`,
    `  everything had ended ${(calmMs / 1_000).toFixed(1)} s after the last disturbance`,
    ...(problems.length === 0 ? [] : [...problemLines(problems), ...storyLines(report)]),
  ].join('\n');
}

function storyLines({ log, said }: SoakReport): string[] {
  return [...log, ...lastWordsText(said)].map((line) => `  ${line}`);
}

function subjectText({ name, objects, runs, counts, reasons, held }: SubjectFigures): string {
  const outcomes = Object.entries(counts).map(([status, n]) => `${n} ${status}`);
  const why = Object.entries(reasons).map(([code, n]) => `${code} ${n}`);
  const there =
    held === undefined
      ? ''
      : `; ${held.values} at the vendor, ${held.again === 0 ? 'none' : held.again} twice`;
  return `${name}: ${objects} objects in ${runs} runs: ${outcomes.join(', ')}${why.length === 0 ? '' : ` (${why.join(', ')})`}${there}`;
}

function problemLines(problems: readonly string[]): string[] {
  const shown = problems.slice(0, MOST_PROBLEMS).map((problem) => `  NOT TRUE: ${problem}`);
  const more = problems.length - shown.length;
  return more === 0 ? shown : [...shown, `  and ${more} more`];
}
