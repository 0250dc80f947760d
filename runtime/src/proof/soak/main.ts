// npm run soak: disturbs a runtime of many processes for a while, and prints what it has come to.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { missingOwnPostgres, missingRedis } from '@drover/testing/servers';
import { reportText } from './report-text.js';
import { runSoak } from './run-soak.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    seconds: { type: 'string', default: '180' },
    objects: { type: 'string', default: '20000' },
    /** Writes what the processes said to this file. */
    said: { type: 'string' },
    quiet: { type: 'boolean', default: false },
  },
});
const missing = missingOwnPostgres() ?? missingRedis({ own: true });
if (missing !== undefined) throw new Error(missing);

process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
const report = await runSoak({
  seed: wholeNumber('--seed', values.seed),
  seconds: wholeNumber('--seconds', values.seconds),
  objects: wholeNumber('--objects', values.objects),
  onEvent: (line) => values.quiet || say(line),
});
say(reportText(report));
if (values.said !== undefined) {
  const parts = Object.entries(report.said).map(([name, text]) => `== ${name}\n${text}`);
  writeFileSync(values.said, parts.join('\n'));
}
if (report.problems.length > 0) {
  say(
    `  again: npm run soak -- --seed ${values.seed} --seconds ${values.seconds} --objects ${values.objects}`,
  );
  process.exitCode = 1;
}

function wholeNumber(flag: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new Error(`${flag} takes a whole number from 1, not "${text}".`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
