import { expect } from '@jest/globals';
import type { RunView, StoredOutcome } from '@drover/engine';
import { hasEnded, type Run } from '@drover/model';
import type { CommandLine } from './command-line.js';
import { COLLECTION } from './tenant-site.js';

/** What the books say of a pass. */
export interface PassBooks {
  /** Its runs, oldest first. */
  runs: Run[];
  outcomes: StoredOutcome[];
  /** Objects in its list. */
  offered: number;
}

/** The books of the one pass over a collection. */
export async function readBooks(drover: CommandLine, collection: string = COLLECTION): Promise<PassBooks> {
  const { data } = (await drover.json('run', 'list', '--limit', '1000')) as { data: RunView[] };
  const runs = data.filter((run) => run.collection === collection).toReversed();
  const passes = [...new Set(runs.map(({ passId }) => passId))];
  expect(passes).toHaveLength(1);
  const outcomes: StoredOutcome[] = [];
  for (const { id } of runs) {
    const { stdout, stderr, exitCode } = await drover.run(['run', 'export', id]);
    expect([exitCode, stderr]).toEqual([0, '']);
    const lines = stdout.split('\n').filter((line) => line !== '');
    outcomes.push(...lines.map((line) => JSON.parse(line) as StoredOutcome));
  }
  return { runs, outcomes, offered: await offeredIn(drover, passes[0]!) };
}

/**
 * What holds whatever died: every run has ended, each object of the pass has exactly one outcome over all runs, the counts
 * agree with the outcomes, and the vendor holds all that succeeded and nothing that was never sent.
 */
export function expectBalanced({ runs, outcomes, offered }: PassBooks, entries: readonly string[]): void {
  expect(runs.map(({ status }) => hasEnded(status))).not.toContain(false);
  expect(outcomes).toHaveLength(offered);
  expect(new Set(outcomes.map(({ objectId }) => objectId)).size).toBe(offered);
  expect(sum(runs.map(({ summary }) => summary.counts.succeeded))).toBe(
    valuesOf(outcomes, ['succeeded']).length,
  );
  expect(runs.at(-1)!.summary.remaining).toBe(0);
  const atVendor = new Set(entries);
  expect(valuesOf(outcomes, ['succeeded']).filter((entry) => !atVendor.has(entry))).toEqual([]);
  const maySay = new Set(valuesOf(outcomes, ['succeeded', 'unknown', 'failed']));
  expect(entries.filter((entry) => !maySay.has(entry))).toEqual([]);
}

/** Tasks that some process holds or that wait to be taken; after the end of all runs there are none. */
export function openTasks(drover: CommandLine): Promise<number> {
  return drover.count(`tasks where status <> 'done'`);
}

function valuesOf(outcomes: readonly StoredOutcome[], statuses: readonly string[]): string[] {
  return outcomes.filter(({ status }) => statuses.includes(status)).map(({ value }) => entryOf(value));
}

/** The line that a Netskope list has for a value: without the scheme. */
function entryOf(value: string): string {
  return value.replace(/^[a-z]+:\/\//, '');
}

async function offeredIn(drover: CommandLine, passId: string): Promise<number> {
  const [pass] = await drover.ask(`select objects from passes where id = '${passId}'`);
  return pass!['objects'] as number;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
