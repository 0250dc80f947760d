import { hasEnded, type OutcomeStatus } from '@drover/model';
import { applied, latestOutcomes, type PassBooks, remainingOf } from './pass-books.js';
import type { Site } from './site.js';
import { valuesOf } from './site-collections.js';
import type { Subject } from './subject.js';

/** What may be true of an object that the vendor holds. */
const MAY_BE_HELD: readonly OutcomeStatus[] = ['succeeded', 'unchanged', 'unknown', 'failed'];

/**
 * What must hold whenever all runs have ended, and does not: one outcome for each object that was taken and none for the
 * others, counts that agree, all that succeeded at the vendor, nothing there that was never sent, nothing sent twice that
 * must not be. Empty when all is well.
 */
export function problemsOf(books: PassBooks, site: Site, subject: Subject): string[] {
  const held = subject.heldIn?.(site.vendors);
  return problemsOfPass(books, {
    values: valuesOf(subject.collection, site.size),
    mayRepeat: subject.mayRepeat,
    ...(held === undefined ? {} : { held }),
  });
}

/** What a pass was over, and what the vendor shows of it. */
export interface PassFacts {
  /** Of the objects that were offered. */
  values: readonly string[];
  /** Whether what a dead process has sent may be offered again. */
  mayRepeat: boolean;
  /** Values at the vendor, each as often as it was written; absent where nothing is written there. */
  held?: readonly string[];
}

/** As `problemsOf`, of a pass over these values. */
export function problemsOfPass(books: PassBooks, { values: offered, mayRepeat, held }: PassFacts): string[] {
  const values = new Set(offered);
  const problems = problemsOfBooks(books, values);
  return held === undefined
    ? problems
    : [...problems, ...problemsAtVendor(books, { mayRepeat, values, held })];
}

function problemsOfBooks(books: PassBooks, values: ReadonlySet<string>): string[] {
  const runs = applied(books);
  const problems = books.runs
    .filter(({ status }) => !hasEnded(status))
    .map(({ id, status }) => `${id} is still ${status}`);
  const passes = new Set(books.runs.map(({ passId }) => passId));
  if (passes.size > 1) problems.push(`there are ${passes.size} passes`);
  const outcomes = runs.flatMap((run) => run.outcomes);
  const seen = new Map<string, number>();
  for (const { value } of outcomes) seen.set(value, (seen.get(value) ?? 0) + 1);
  for (const [value, times] of seen) if (times > 1) problems.push(`${value} has ${times} outcomes`);
  const remaining = remainingOf(books) ?? values.size;
  if (seen.size + remaining !== values.size) {
    problems.push(`${seen.size} objects have an outcome and ${remaining} remain, of ${values.size}`);
  }
  for (const { id, summary, outcomes: own } of runs) {
    for (const status of ['succeeded', 'unchanged', 'skipped', 'rejected', 'failed', 'unknown'] as const) {
      const told = own.filter((one) => one.status === status).length;
      if (told !== summary.counts[status]) {
        problems.push(`${id} counts ${summary.counts[status]} ${status} and shows ${told}`);
      }
    }
  }
  return problems;
}

function problemsAtVendor(
  books: PassBooks,
  { mayRepeat, values, held }: { mayRepeat: boolean; values: ReadonlySet<string>; held: readonly string[] },
): string[] {
  const latest = latestOutcomes(books);
  const atVendor = new Set(held);
  const succeeded = [...latest.values()].filter(({ status }) => status === 'succeeded');
  const problems = succeeded
    .filter(({ value }) => !atVendor.has(value))
    .map(({ value }) => `${value} succeeded, and the vendor does not hold it`);
  if (held.length > atVendor.size) {
    problems.push(`the vendor got ${held.length - atVendor.size} values a second time`);
  }
  // What a dead process has sent is unknown to everybody. When it may be sent again and nobody has taken it, it will be.
  const mayBeDeferred = mayRepeat && remainingOf(books) !== 0;
  for (const value of atVendor) {
    const status = latest.get(value)?.status;
    if (status !== undefined && MAY_BE_HELD.includes(status)) continue;
    if (status === undefined && values.has(value) && mayBeDeferred) continue;
    // What was there before stays until the first write has come through.
    if (!values.has(value) && succeeded.length === 0) continue;
    problems.push(`the vendor holds ${value}, whose outcome is ${status ?? 'none'}`);
  }
  return problems;
}
