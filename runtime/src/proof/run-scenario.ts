import { type Course, type CrashPoint, drawPoints, formatPoint } from './crash-point.js';
import type { Site, Sites } from './site.js';
import type { SiteSize } from './site-collections.js';
import { finishPass, mendPass } from './finish-pass.js';
import type { Scenario } from './scenarios.js';
import { learnCourse, runIntoPoint } from './victim.js';

/** Several batches of a few objects each: what matters is where things die, not how many there are. */
export const CRASH_SIZE: SiteSize = { objects: 10, batchObjects: 3, concurrency: 2 };

export interface CrashOptions {
  seed: number;
  points: number;
  /** Points at once. */
  concurrency: number;
  /** These points, in the place of drawn ones. */
  at?: readonly CrashPoint[];
}

export interface CrashReport {
  scenario: string;
  course: Course;
  points: number;
  /** Points at which something was killed; at the others the run had ended before. */
  reached: number;
  /** What was wrong, by the point at which something was killed. */
  failures: { point: string; problems: string[] }[];
}

/** Learns a scenario's course, then kills something at each point of it and has the pass finished. */
export async function runScenario(
  sites: Sites,
  scenario: Scenario,
  { seed, points, concurrency, at }: CrashOptions,
): Promise<CrashReport> {
  const { courses, problems } = await runUndisturbed(sites, scenario);
  const course = {
    commits: sum(courses.map(({ commits }) => commits)),
    requests: sum(courses.map(({ requests }) => requests)),
  };
  const drawn = at ?? drawPoints(course, { seed, points });
  const report: CrashReport = {
    scenario: scenario.name,
    course,
    points: drawn.length,
    reached: 0,
    failures: problems.length === 0 ? [] : [{ point: 'undisturbed', problems }],
  };
  const queue = drawn.values();
  async function work(): Promise<void> {
    for (const point of queue) {
      const { isReached, problems: found } = await runPoint(sites, scenario, { point, courses });
      if (isReached) report.reached += 1;
      if (found.length > 0) report.failures.push({ point: formatPoint(point), problems: found });
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work));
  return report;
}

async function runUndisturbed(
  sites: Sites,
  scenario: Scenario,
): Promise<{ courses: Course[]; problems: string[] }> {
  const site = await sites.openGated(scenario.vendor);
  try {
    const courses = await learnCourse(site, scenario);
    return { courses, problems: await finishAndMend(site, scenario) };
  } finally {
    await site.close();
  }
}

async function runPoint(
  sites: Sites,
  scenario: Scenario,
  where: { point: CrashPoint; courses: readonly Course[] },
): Promise<{ isReached: boolean; problems: string[] }> {
  const site = await sites.openGated(scenario.vendor);
  let isReached = false;
  try {
    isReached = await runIntoPoint(site, scenario, where);
    return { isReached, problems: await finishAndMend(site, scenario) };
  } catch (error) {
    return { isReached, problems: [error instanceof Error ? error.message : String(error)] };
  } finally {
    await site.close();
  }
}

async function finishAndMend(site: Site, scenario: Scenario): Promise<string[]> {
  const problems = await finishPass(site, scenario);
  return problems.length > 0 ? problems : mendPass(site, scenario);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
