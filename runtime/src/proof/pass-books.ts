import type { RunView, StoredOutcome } from '@drover/engine';
import { hasEnded } from '@drover/model';
import type { Site } from './site.js';

export interface RunBooks extends RunView {
  outcomes: StoredOutcome[];
}

/** What the runtime says of the one pass of a data folder. */
export interface PassBooks {
  /** Oldest first; none when the process died before it had made one. */
  runs: RunBooks[];
}

/** The books as any person gets them: by `run list` and `run export`. */
export async function readBooks({ drover }: Site): Promise<PassBooks> {
  const { data } = (await drover.json('run', 'list', '--limit', '1000')) as { data: RunView[] };
  const runs: RunBooks[] = [];
  for (const run of data.toReversed()) {
    const { stdout } = await drover.run(['run', 'export', run.id]);
    const lines = stdout.split('\n').filter((line) => line !== '');
    runs.push({ ...run, outcomes: lines.map((line) => JSON.parse(line) as StoredOutcome) });
  }
  return { runs };
}

export function openRun({ runs }: PassBooks): RunBooks | undefined {
  return runs.find(({ status }) => !hasEnded(status));
}

/** Those whose outcomes are about what was sent. */
export function applied({ runs }: PassBooks): RunBooks[] {
  return runs.filter(({ mode }) => mode === 'apply');
}

/** The newest outcome of each object, by its value. */
export function latestOutcomes(books: PassBooks): Map<string, StoredOutcome> {
  return new Map(applied(books).flatMap(({ outcomes }) => outcomes.map((one) => [one.value, one] as const)));
}

/** Objects of the pass that no run has taken for good. */
export function remainingOf(books: PassBooks): number | undefined {
  return applied(books).at(-1)?.summary.remaining;
}
