import { setTimeout as sleep } from 'node:timers/promises';
import { type Finding, checkSoak } from './check-soak.js';
import { Disturber } from './disturb.js';
import { type Disturbance, type DisturbanceKind, drawDisturbances } from './disturbances.js';
import { inTime } from './in-time.js';
import { lastWordsText } from './last-words.js';
import type { SoakOptions } from './soak-options.js';
import { SoakSite } from './soak-site.js';
import { Workload, longestCalm } from './workload.js';

export interface SoakReport extends Finding {
  seed: number;
  objects: number;
  /** How often each thing happened. */
  disturbances: Partial<Record<DisturbanceKind, number>>;
  /** What happened, in its order. */
  log: string[];
  /** What each process wrote to stderr. */
  said: Record<string, string>;
  /** How long it took from the last disturbance until everything had ended. */
  calmMs: number;
}

const MS_PER_SECOND = 1_000;
/** Beside disturbances and calm: starting, looking at the books, stopping. */
const REST_SECONDS = 120;
/** Starting servers and processes, and filling the library. */
const OPEN_SECONDS = 150;

/**
 * Disturbs work for a while, lets it come to its end, and looks at what it has come to. Never waits for ever: what fails or takes
 * too long is an error that says what had happened until then, and what the processes said last.
 */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const startedAt = performance.now();
  const site = await inTime(SoakSite.open(options), { what: 'opening the site', seconds: OPEN_SECONDS });
  const { seconds, withinSeconds = seconds + longestCalm(seconds) + REST_SECONDS } = options;
  const log: string[] = [];
  const disturbedAt = performance.now();
  function note(line: string): void {
    log.push(`${((performance.now() - disturbedAt) / MS_PER_SECOND).toFixed(1).padStart(6)} s  ${line}`);
    options.onEvent?.(log.at(-1)!);
  }
  let report: Omit<SoakReport, 'log'>;
  try {
    const leftSeconds = Math.round(withinSeconds - (disturbedAt - startedAt) / MS_PER_SECOND);
    report = await inTime(soak(site, { options, note }), { what: 'the soak', seconds: leftSeconds });
  } catch (error) {
    const { message, stack } = error as Error;
    const story = [message, ...log, ...lastWordsText(saidBy(site)), stack ?? ''];
    // What fails while it is closed now comes of this.
    await site.close().catch(() => undefined);
    throw new Error(`seed ${options.seed}: ${story.join('\n  ')}`, { cause: error });
  }
  await site.close();
  return { ...report, log };
}

async function soak(
  site: SoakSite,
  { options, note }: { options: SoakOptions; note(line: string): void },
): Promise<Omit<SoakReport, 'log'>> {
  const disturber = new Disturber(site, note);
  const workload = new Workload(site, options);
  await Promise.all([workload.goOn(), disturb(disturber, drawDisturbances(options.seed, options))]);
  note('the time of disturbances is over');
  await disturber.over();
  note('nothing happens any more');
  const calmAt = performance.now();
  const open = await workload.finish();
  const calmMs = performance.now() - calmAt;
  note(open.length === 0 ? 'everything has ended' : 'not everything ends');
  const finding = await checkSoak(site);
  note('the books are read');
  const dismissed = await site.dismiss();
  note('all processes have stopped');
  return {
    ...finding,
    problems: [...open, ...finding.problems, ...dismissed],
    seed: options.seed,
    objects: options.objects,
    disturbances: Object.fromEntries(disturber.counts),
    said: saidBy(site),
    calmMs,
  };
}

async function disturb(disturber: Disturber, drawn: readonly Disturbance[]): Promise<void> {
  const startedAt = performance.now();
  for (const disturbance of drawn) {
    await sleep(Math.max(0, startedAt + disturbance.atMs - performance.now()));
    disturber.begin(disturbance);
  }
}

function saidBy({ crew }: SoakSite): Record<string, string> {
  return Object.fromEntries(crew.members.map(({ name, said }) => [name, said]));
}
