// npm run crash: kills the runtime at many points of every scenario, and prints a line for each.
import { parseArgs } from 'node:util';
import { parsePoint } from './crash-point.js';
import { Sites } from './site.js';
import { CRASH_SIZE, type CrashReport, runScenario } from './run-scenario.js';
import { SCENARIOS, type Scenario } from './scenarios.js';

const DEFAULT_POINTS = '200';
const CONCURRENCY = 2;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    points: { type: 'string', default: DEFAULT_POINTS },
    scenario: { type: 'string', multiple: true },
    at: { type: 'string', multiple: true },
  },
});
const seed = wholeNumber('--seed', values.seed);
const points = wholeNumber('--points', values.points);
const at = values.at?.map(parsePoint);

const sites = await Sites.make(CRASH_SIZE);
try {
  for (const scenario of chosen(values.scenario)) {
    const startedAt = performance.now();
    const report = await runScenario(sites, scenario, {
      seed,
      points,
      concurrency: CONCURRENCY,
      ...(at === undefined ? {} : { at }),
    });
    print(report, performance.now() - startedAt);
    if (report.failures.length > 0) process.exitCode = 1;
  }
} finally {
  await sites.close();
}

function chosen(names: readonly string[] | undefined): readonly Scenario[] {
  const known = SCENARIOS.map(({ name }) => name);
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new Error(`There is no scenario "${unknown}"; there are: ${known.join(', ')}.`);
  return SCENARIOS.filter(({ name }) => names?.includes(name) ?? true);
}

function print({ scenario, course, points: drawn, reached, failures }: CrashReport, tookMs: number): void {
  const seconds = (tookMs / 1_000).toFixed(0);
  const figures = `${course.commits} commits, ${course.requests} requests; ${reached} of ${drawn} points killed something`;
  say(
    `${scenario.padEnd(12)} ${failures.length === 0 ? 'ok    ' : 'FAILED'} seed ${seed}: ${figures}, ${seconds} s`,
  );
  for (const { point, problems } of failures) {
    for (const problem of problems) say(`  ${point}: ${problem}`);
    if (point !== 'undisturbed') say(`  again: npm run crash -- --scenario ${scenario} --at ${point}`);
  }
}

function wholeNumber(flag: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`${flag} takes a whole number, not "${text}".`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
