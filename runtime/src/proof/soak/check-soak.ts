import type { StoredOutcome } from '@drover/engine';
import { OUTCOME_STATUSES, type OutcomeStatus } from '@drover/model';
import { problemsOfPass } from '../check-books.js';
import { problemsOfScored } from '../check-scores.js';
import { applied, latestOutcomes, type PassBooks, type RunBooks } from '../pass-books.js';
import { FEED, type SoakSite } from './soak-site.js';
import type { SoakSubject } from './soak-subjects.js';

/** What became of the objects of one subject. */
export interface SubjectFigures {
  name: string;
  objects: number;
  runs: number;
  counts: Partial<Record<OutcomeStatus, number>>;
  /** How often each code is the reason, for all that did not succeed. */
  reasons: Record<string, number>;
  /** Different values that the vendor holds, and those that it got again; absent where nothing is written there. */
  held?: { values: number; again: number };
}

export interface FeedFigures {
  atVendor: number;
  atHome: number;
  pulls: number;
}

export interface Finding {
  problems: string[];
  subjects: SubjectFigures[];
  feed: FeedFigures;
}

const MOST_PULLS = 1_000;

/** Looks at everything when all is calm: the books, the vendors, the library, and what is left lying in the database. */
export async function checkSoak(site: SoakSite): Promise<Finding> {
  const problems: string[] = [];
  const subjects: SubjectFigures[] = [];
  for (const subject of site.subjects) {
    const books = await readBooks(site, subject);
    const held = subject.heldIn?.(site.vendors);
    subjects.push(figuresOf(subject, books, held));
    const found = [
      ...problemsOfPass(books, { ...subject, ...(held === undefined ? {} : { held }) }),
      ...unexplained(subject, books),
      ...(subject.writesAtHome ? await problemsAtHome(site, subject, books) : []),
    ];
    problems.push(...found.map((problem) => `${subject.name}: ${problem}`));
  }
  const feed = await checkFeed(site);
  problems.push(...feed.problems, ...(await leftovers(site)));
  return { problems, subjects, feed: feed.figures };
}

async function readBooks(site: SoakSite, { name }: SoakSubject): Promise<PassBooks> {
  return site.ask(async ({ runs }) => {
    const { data } = await runs.list({ limit: 1_000 });
    const books: RunBooks[] = [];
    for (const run of data.filter(({ collection }) => collection === name).toReversed()) {
      const outcomes = linesOf<StoredOutcome>(await textOf(runs.export(run.id, { format: 'jsonl' })));
      books.push({ ...run, outcomes });
    }
    return { runs: books };
  });
}

function figuresOf(
  { name, values }: SoakSubject,
  books: PassBooks,
  held: readonly string[] | undefined,
): SubjectFigures {
  const outcomes = [...latestOutcomes(books).values()];
  const counts: SubjectFigures['counts'] = {};
  const reasons: SubjectFigures['reasons'] = {};
  for (const status of OUTCOME_STATUSES) {
    const some = outcomes.filter((outcome) => outcome.status === status);
    if (some.length > 0) counts[status] = some.length;
    for (const { code } of some) if (code !== undefined) reasons[code] = (reasons[code] ?? 0) + 1;
  }
  const atVendor = held === undefined ? undefined : new Set(held).size;
  return {
    name,
    objects: values.length,
    runs: applied(books).length,
    counts,
    reasons,
    ...(atVendor === undefined ? {} : { held: { values: atVendor, again: held!.length - atVendor } }),
  };
}

/** Each unknown outcome has its reason, and where a call must not be repeated, what the journal knows of it. */
function unexplained({ mayRepeat }: SoakSubject, books: PassBooks): string[] {
  return [...latestOutcomes(books).values()]
    .filter(({ status }) => status === 'unknown')
    .filter(
      ({ code, message, evidence }) =>
        code === undefined || message === undefined || (!mayRepeat && evidence === undefined),
    )
    .map(({ value, code }) => `${value} is unknown (${code}) and nothing explains it`);
}

async function problemsAtHome(site: SoakSite, subject: SoakSubject, books: PassBooks): Promise<string[]> {
  const exported = await exportOf(site, subject.name);
  return problemsOfScored(exported, { users: subject.values, latest: latestOutcomes(books) });
}

interface ExportedIncident {
  value: string;
  attributes: { name: string; value: unknown }[];
}

/** The library has every incident of the vendor once, as it is there by now. */
async function checkFeed(site: SoakSite): Promise<{ problems: string[]; figures: FeedFigures }> {
  const exported = linesOf<ExportedIncident>(await exportOf(site, FEED));
  const { incidents } = site.vendors.saas.state();
  const home = new Map(exported.map((object) => [object.value, object]));
  const problems: string[] = [];
  if (exported.length > home.size) problems.push(`the feed doubled ${exported.length - home.size} incidents`);
  if (home.size > incidents.length)
    problems.push(`the feed has ${home.size - incidents.length} incidents too many`);
  for (const { tenant, incident_id, assigned_to } of incidents) {
    const value = `${tenant}/${incident_id}`;
    const found = home.get(value);
    const assignees = found?.attributes.filter(({ name }) => name === 'assigned_to') ?? [];
    if (found === undefined) problems.push(`the feed lost ${value}`);
    else if (assignees.map((one) => one.value).join() !== (assigned_to ?? '')) {
      problems.push(
        `the feed has ${value} assigned to "${assignees.map((one) => one.value).join()}" instead of "${assigned_to ?? ''}"`,
      );
    }
  }
  const { data } = await site.ask(({ feeds }) => feeds.pulls(FEED, { limit: MOST_PULLS }));
  return { problems, figures: { atVendor: incidents.length, atHome: exported.length, pulls: data.length } };
}

const LEFTOVERS = {
  'tasks that are not done': `tasks where status <> 'done'`,
  'objects that wait for a poll': 'pending_objects',
  'runs without an end': 'runs where ended_at is null',
};

async function leftovers({ postgres }: SoakSite): Promise<string[]> {
  const problems: string[] = [];
  for (const [what, rows] of Object.entries(LEFTOVERS)) {
    const n = await postgres.countRows(rows);
    if (n > 0) problems.push(`the database holds ${n} ${what}`);
  }
  return problems;
}

function exportOf(site: SoakSite, collection: string): Promise<string> {
  return site.ask(({ objects }) => textOf(objects.export({ collection }, { format: 'jsonl' })));
}

async function textOf(chunks: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const chunk of chunks) text += chunk;
  return text;
}

function linesOf<Line>(text: string): Line[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}
