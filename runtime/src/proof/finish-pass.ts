import { problemsOf } from './check-books.js';
import { problemsOfScores } from './check-scores.js';
import { applied, latestOutcomes, openRun, type PassBooks, readBooks, remainingOf } from './pass-books.js';
import type { Site } from './site.js';
import type { Subject } from './subject.js';

const MOST_COMMANDS = 30;
/** Exit codes of commands that were refused; 0, 2 and 3 tell how a run went. */
const REFUSED: readonly number[] = [1, 4, 78];

/**
 * Goes on as a person would after something went wrong, until nothing of the pass is left: resumes, takes further slices,
 * applies the plan. Answers all that was wrong on the way.
 */
export async function finishPass(site: Site, subject: Subject): Promise<string[]> {
  for (let commands = 0; commands < MOST_COMMANDS; commands += 1) {
    const books = await readBooks(site);
    const open = openRun(books);
    const problems = open === undefined ? problemsOf(books, site, subject) : [];
    if (open !== undefined && open.status !== 'queued' && !open.isInterrupted) {
      problems.push(`${open.id} is not shown as interrupted`);
    }
    const argv = open === undefined ? nextCommand(books, subject) : ['run', 'resume', open.id];
    if (problems.length > 0 || argv === undefined) return problems;
    const refused = await attempt(site, argv);
    if (refused.length > 0) return refused;
  }
  return ['the pass does not come to its end'];
}

function nextCommand(books: PassBooks, { goOn }: Subject): string[] | undefined {
  const remaining = remainingOf(books);
  const plan = books.runs.find(({ mode, status }) => mode === 'plan' && status === 'succeeded');
  if (remaining === undefined && plan !== undefined) return ['run', 'apply', plan.id];
  return remaining === 0 ? undefined : goOn;
}

/**
 * Tells of each object that is unknown what a person would see at the vendor, and retries what failed, until the vendor
 * holds everything. Answers what is wrong then.
 */
export async function mendPass(site: Site, subject: Subject): Promise<string[]> {
  for (let rounds = 0; rounds < MOST_COMMANDS; rounds += 1) {
    const books = await readBooks(site);
    const commands = mendingCommands(books, new Set(subject.heldIn?.(site.vendors)));
    if (commands.length === 0) return problemsAtEnd(books, site, subject);
    for (const argv of commands) {
      const refused = await attempt(site, argv);
      if (refused.length > 0) return refused;
    }
  }
  return ['what failed fails again and again'];
}

/** First the unknown, since what a retry does depends on them; then one run whose objects failed. */
function mendingCommands(books: PassBooks, isHeld: ReadonlySet<string>): string[][] {
  const latest = [...latestOutcomes(books).values()];
  const runOf = (value: string): string =>
    books.runs.findLast(({ outcomes }) => outcomes.some((one) => one.value === value))!.id;
  const unknown = latest
    .filter(({ status }) => status === 'unknown')
    .map(({ value }) => [
      'run',
      'resolve',
      runOf(value),
      value,
      '--as',
      isHeld.has(value) ? 'sent' : 'not-sent',
    ]);
  const failed = latest.find(({ status }) => status === 'failed');
  if (unknown.length > 0 || failed === undefined) return unknown;
  return [['run', 'retry', runOf(failed.value)]];
}

async function problemsAtEnd(books: PassBooks, site: Site, subject: Subject): Promise<string[]> {
  const latest = latestOutcomes(books);
  const done = [...latest.values()].filter(({ status }) => status === 'succeeded' || status === 'unchanged');
  const { objects } = site.size;
  const problems = done.length === objects ? [] : [`only ${done.length} of ${objects} objects are done`];
  const { id } = applied(books)[0]!;
  const retried = await site.drover.run(['run', 'retry', id]);
  if (!retried.stderr.startsWith('NOTHING_TO_RETRY'))
    problems.push(`${id} can be retried though all is done`);
  if (subject.heldIn === undefined) return [...problems, ...(await problemsOfScores(site, latest))];
  const held = subject.heldIn(site.vendors).toSorted();
  const wanted = [...latest.keys()].toSorted();
  if (held.join() !== wanted.join()) problems.push(`the vendor holds ${held.length} values in the end`);
  return problems;
}

async function attempt({ drover }: Site, argv: string[]): Promise<string[]> {
  const { exitCode, stderr } = await drover.run(argv);
  return REFUSED.includes(exitCode) ? [`"${argv.join(' ')}" was refused: ${stderr.trim()}`] : [];
}
