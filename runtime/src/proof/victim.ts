import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DroverProcess } from '../end-to-end/built-drover.js';
import type { Held } from '../end-to-end/vendor-gate.js';
import { type Course, type CrashPoint, isCommit } from './crash-point.js';
import type { GatedSite } from './site.js';
import { openRun, readBooks } from './pass-books.js';
import type { Scenario } from './scenarios.js';

/** Node reads TypeScript by itself; from wherever this module was bundled to, the path is the same. */
const COUNTER = new URL('../../src/proof/commit-counter.ts', import.meta.url).href;
const MOST_MS = 60_000;
/** A process looks once a second whether its runs were cancelled. */
const HEEDED_WITHIN_MS = 1_500;

/** Runs the scenario undisturbed, each command in a process of its own, and counts for each command. */
export async function learnCourse(site: GatedSite, scenario: Scenario): Promise<Course[]> {
  const folder = await mkdtemp(join(tmpdir(), 'drover-course-'));
  const file = join(folder, 'commits');
  const courses: Course[] = [];
  try {
    for (const command of scenario.commands) {
      const argv = command(await readBooks(site));
      const before = site.tenant.requests().total;
      const cancelled = cancelAt(site, scenario);
      const child = site.built.start(argv, { environment: surroundings({ CRASH_COUNT_FILE: file }) });
      await endOf(child);
      await cancelled.withdraw();
      const requests = site.tenant.requests().total - before;
      courses.push({ commits: Number(await readFile(file, 'utf8')), requests });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return courses;
}

/**
 * Runs the scenario up to the point where something is killed: the commands before it undisturbed, none after it. Answers
 * whether the point was reached: a run of another day may come to a commit less.
 */
export async function runIntoPoint(
  site: GatedSite,
  scenario: Scenario,
  { point, courses }: { point: CrashPoint; courses: readonly Course[] },
): Promise<boolean> {
  const { command, k } = locate(point, courses);
  for (const earlier of scenario.commands.slice(0, command)) {
    await site.drover.run(earlier(await readBooks(site)));
  }
  const argv = scenario.commands[command]!(await readBooks(site));
  const cancelled = cancelAt(site, scenario);
  try {
    if (point.kind === 'commit') return await dieAtCommit(site, argv, { ...point, k });
    if (point.kind === 'plugin-commit') return await losePluginAtCommit(site, argv, { ...point, k });
    return await killAtRequest(site, argv, { ...point, k });
  } finally {
    await cancelled.withdraw();
  }
}

/** Which command the point falls into, and how far into it. */
function locate({ kind, k }: CrashPoint, courses: readonly Course[]): { command: number; k: number } {
  let rest = k;
  for (const [command, { commits, requests }] of courses.entries()) {
    const length = isCommit(kind) ? commits : requests;
    if (rest <= length) return { command, k: rest };
    rest -= length;
  }
  return { command: courses.length - 1, k: k };
}

async function dieAtCommit(site: GatedSite, argv: string[], { k, edge }: CrashPoint): Promise<boolean> {
  const environment = surroundings({ CRASH_AT_COMMIT: String(k), CRASH_EDGE: edge });
  const { signal } = await endOf(site.built.start(argv, { environment }));
  return signal === 'SIGKILL';
}

/** The command goes on without its plugin's process; at that commit it may have none. */
async function losePluginAtCommit(
  site: GatedSite,
  argv: string[],
  { k, edge }: CrashPoint,
): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'drover-victims-'));
  const file = join(folder, 'victims');
  try {
    const orders = { CRASH_AT_COMMIT: String(k), CRASH_EDGE: edge, CRASH_PLUGINS_FILE: file };
    await endOf(site.built.start(argv, { environment: surroundings(orders) }));
    return (await readFile(file, 'utf8').catch(() => '')) !== '';
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function killAtRequest(
  site: GatedSite,
  argv: string[],
  { kind, k, edge }: CrashPoint,
): Promise<boolean> {
  const held = site.gate.hold({ nth: k, at: edge === 'before' ? 'request' : 'answer' });
  const child = site.built.start(argv);
  const ended = endOf(child);
  const isReached = await Promise.race([held.reached.then(() => true), ended.then(() => false)]);
  if (isReached && kind === 'request') child.kill();
  if (isReached && kind === 'plugin-request') for (const pid of child.children) process.kill(pid, 'SIGKILL');
  if (kind === 'plugin-request') held.release();
  await ended;
  held.release();
  return isReached;
}

function surroundings(more: Record<string, string>): Record<string, string> {
  return { NODE_OPTIONS: `--import=${COUNTER}`, ...more };
}

async function endOf(child: DroverProcess): ReturnType<() => DroverProcess['ended']> {
  const timer = setTimeout(() => child.kill(), MOST_MS);
  const end = await child.ended;
  clearTimeout(timer);
  if (end.exitCode === 1 || end.exitCode === 78) throw new Error(`The command was refused: ${end.stderr}`);
  return end;
}

/** Lets somebody cancel the run, from another process's place, while the vendor has not answered yet. */
function cancelAt(site: GatedSite, { cancel }: Scenario): { withdraw(): Promise<void> } {
  if (cancel === undefined) return { withdraw: async () => undefined };
  const { atRequest, atOnce, heeded } = cancel;
  const places = heeded === true ? [atRequest, atRequest + 1] : [atRequest];
  const held: Held[] = places.map((nth) => site.gate.hold({ nth, at: 'request' }));
  const release = (): void => held.forEach((one) => one.release());
  const withdrawn = Promise.withResolvers<'withdrawn'>();
  async function watch(): Promise<void> {
    const reached = Promise.all(held.map((one) => one.reached));
    if ((await Promise.race([reached, withdrawn.promise])) === 'withdrawn') return;
    const run = openRun(await readBooks(site));
    if (run !== undefined) await site.drover.run(['run', 'cancel', run.id, ...(atOnce ? ['--now'] : [])]);
    if (heeded === true) await Promise.race([sleep(HEEDED_WITHIN_MS), withdrawn.promise]);
    release();
  }
  const watching = watch();
  return {
    withdraw: () => {
      withdrawn.resolve('withdrawn');
      release();
      return watching;
    },
  };
}
