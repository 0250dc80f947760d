import { setTimeout as sleep } from 'node:timers/promises';
import { type Finding, checkSoak } from './check-soak.js';
import { Disturber } from './disturb.js';
import { type Disturbance, type DisturbanceKind, drawDisturbances } from './disturbances.js';
import type { SoakOptions } from './soak-options.js';
import { SoakSite } from './soak-site.js';
import { Workload } from './workload.js';

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

/** Disturbs work for a while, lets it come to its end, and looks at what it has come to. */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const site = await SoakSite.open(options);
  const log: string[] = [];
  const startedAt = performance.now();
  function note(line: string): void {
    log.push(`${((performance.now() - startedAt) / MS_PER_SECOND).toFixed(1).padStart(6)} s  ${line}`);
    options.onEvent?.(log.at(-1)!);
  }
  try {
    const disturber = new Disturber(site, note);
    const workload = new Workload(site, options);
    await Promise.all([
      workload.goOn(),
      disturb(disturber, drawDisturbances(options.seed, options), startedAt),
    ]);
    await disturber.over();
    note('nothing happens any more');
    const calmAt = performance.now();
    const open = await workload.finish();
    const calmMs = performance.now() - calmAt;
    note(open.length === 0 ? 'everything has ended' : 'not everything ends');
    const finding = await checkSoak(site);
    const problems = [...open, ...finding.problems, ...(await dismiss(site))];
    return {
      ...finding,
      problems,
      seed: options.seed,
      objects: options.objects,
      disturbances: Object.fromEntries(disturber.counts),
      log,
      said: Object.fromEntries(site.crew.members.map(({ name, said }) => [name, said])),
      calmMs,
    };
  } finally {
    await site.close();
  }
}

async function disturb(
  disturber: Disturber,
  drawn: readonly Disturbance[],
  startedAt: number,
): Promise<void> {
  for (const disturbance of drawn) {
    await sleep(Math.max(0, startedAt + disturbance.atMs - performance.now()));
    disturber.begin(disturbance);
  }
}

/** Ends all processes in good order. Those that do not end so, or ended unasked before, are problems. */
async function dismiss({ crew }: SoakSite): Promise<string[]> {
  const ends = await Promise.all(crew.members.map(async (member) => ({ member, end: await member.stop() })));
  return ends.flatMap(({ member: { name, unasked }, end }) => [
    ...unasked.map((words) => `${name} ${words}`),
    ...(end?.exitCode === 0
      ? []
      : [`${name} ended with ${end?.exitCode ?? end?.signal} when it was stopped`]),
  ]);
}
