import type { RequestFigures } from '@drover/simulators';
import { finishPass, mendPass } from './finish-pass.js';
import { applied, readBooks } from './pass-books.js';
import type { Sites } from './site.js';
import type { StormSubject } from './storm-subjects.js';

export interface StormReport {
  seed: number;
  /** What was not true, or could not be mended. */
  problems: string[];
  /** Outcomes when nothing of the pass was left. */
  outcomes: number;
  /** Requests that got no answer, or one that was no success. */
  struck: number;
}

/** Finishes a pass in a storm, then calms the vendor down and mends what the storm has broken. */
export async function rideOutStorm(sites: Sites, subject: StormSubject, seed: number): Promise<StormReport> {
  const site = await sites.open(subject.vendor);
  try {
    site.tenant.storm({ seed, share: subject.share });
    const problems = await finishPass(site, subject);
    const outcomes = applied(await readBooks(site)).flatMap((run) => run.outcomes);
    const struck = struckRequests(site.tenant.requests());
    site.tenant.storm(undefined);
    if (problems.length === 0) problems.push(...(await mendPass(site, subject)));
    return { seed, problems, outcomes: outcomes.length, struck };
  } finally {
    await site.close();
  }
}

function struckRequests({ byRoute }: RequestFigures): number {
  return Object.values(byRoute).reduce(
    (sum, { requests, statuses }) => sum + requests - successesOf(statuses),
    0,
  );
}

function successesOf(statuses: Record<string, number>): number {
  return Object.entries(statuses)
    .filter(([status]) => status.startsWith('2'))
    .reduce((sum, [, times]) => sum + times, 0);
}
