// What the drover command costs: its start, and the import of a large file.
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { NODE_FLAGS, inFolder, output, start } from './processes.mjs';
import { megabytes, printTable, seconds } from './report.mjs';

const drover = join(dirname(fileURLToPath(import.meta.url)), '..', 'runtime', 'bin', 'drover.mjs');
const FIGURES = 'figures: ';
const AT_EXIT = `import { writeSync } from 'node:fs';
  process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    const peakRssMb = process.resourceUsage().maxRSS / 1024;
    writeSync(1, '\\n${FIGURES}' + JSON.stringify({ cpuMs: (user + system) / 1000, peakRssMb }) + '\\n');
  });`;
/** An import that keeps what it has read needs several times this. */
const MAX_IMPORT_RSS_MB = 260;

export function benchStarts() {
  return inFolder(async (folder) => {
    const lines = [];
    for (const args of [['--help'], ['objects', 'list']]) {
      const takes = [];
      for (let take = 0; take < 5; take += 1) takes.push(await figuresOf([...args, '--data-dir', folder]));
      const { cpuMs } = takes.toSorted((left, right) => left.cpuMs - right.cpuMs)[2];
      lines.push([`drover ${args.join(' ')}`, `${Math.round(cpuMs)} ms`]);
    }
    printTable('Starting the command', ['command', 'CPU'], lines);
  });
}

/** Imports rows of CSV, and fails when that takes memory that grows with them. */
export function benchImport({ rows }) {
  return inFolder(async (folder) => {
    const file = join(folder, 'objects.csv');
    await pipeline(Readable.from(csv(rows)), createWriteStream(file));
    const args = ['objects', 'import', file, '--collection', 'bench', '--quiet'];
    const { status, cpuMs, peakRssMb } = await figuresOf([...args, '--data-dir', join(folder, 'data')]);
    if (status !== 0) throw new Error(`the import ended with ${status}`);
    const line = [rows.toLocaleString('en'), seconds(cpuMs), megabytes(peakRssMb)];
    printTable('drover objects import, CSV', ['rows', 'CPU', 'peak RSS'], [line]);
    if (peakRssMb > MAX_IMPORT_RSS_MB)
      throw new Error(
        `the import took ${megabytes(peakRssMb)}; at most ${MAX_IMPORT_RSS_MB} MB are in order`,
      );
  });
}

function* csv(rows) {
  yield 'type,subtype,value\n';
  for (let at = 0; at < rows; at += 1_000) {
    const some = Array.from({ length: Math.min(1_000, rows - at) }, (_, n) => at + n);
    yield some.map((n) => `indicator,FQDN,host${n}.example.com\n`).join('');
  }
}

/** What a command says of itself at its end: CPU time and peak memory. */
async function figuresOf(args) {
  const child = start([
    ...NODE_FLAGS,
    '--import',
    `data:text/javascript,${encodeURIComponent(AT_EXIT)}`,
    drover,
    ...args,
  ]);
  const [said, [status]] = await Promise.all([output(child), once(child, 'close')]);
  const figures = said
    .trimEnd()
    .split('\n')
    .filter((line) => line.startsWith(FIGURES))
    .map((line) => JSON.parse(line.slice(FIGURES.length)));
  // A command that starts itself anew with other flags says it twice.
  return {
    status,
    cpuMs: figures.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    peakRssMb: Math.max(...figures.map(({ peakRssMb }) => peakRssMb)),
  };
}
