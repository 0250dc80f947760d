// `npm run bench`: Drover beside hand-written loops that do the same calls and the same SQLite writes, in one run. Figures
// are ratios against those loops; the milliseconds beside them are of this machine at this moment.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchPulls } from './pulls.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 1 : 3;
/** Those of the drover command, for everybody. */
const HEAP_FLAGS = ['--max-semi-space-size=8', '--heap-growing-percent=40'];
const IN_FLIGHT = 8;
const BATCH = 100;

const SCENARIOS = [
  { name: '50,000 objects, 0 ms', objects: 50_000, latencyMs: 0, rounds: ROUNDS },
  { name: '50,000 objects, 20 ms', objects: 50_000, latencyMs: 20, rounds: ROUNDS },
  ...(quick
    ? []
    : [
        { name: '100,000 objects, 0 ms', objects: 100_000, latencyMs: 0, rounds: 1 },
        { name: '1,000,000 objects, 0 ms', objects: 1_000_000, latencyMs: 0, rounds: 1 },
      ]),
];

const rows = [];
for (const scenario of SCENARIOS) rows.push(await runScenario(scenario));
printTable(rows);
await benchPulls({ rounds: ROUNDS });
await printStartTimes();

async function runScenario({ name, objects, latencyMs, rounds }) {
  const vendor = await startVendor(latencyMs);
  const takes = { undici: [], got: [], drover: [] };
  try {
    for (let round = 0; round < rounds; round += 1) {
      takes.undici.push(await measure('raw-loop.mjs', ['undici', vendor.url, objects, BATCH, IN_FLIGHT]));
      takes.got.push(await measure('raw-loop.mjs', ['got', vendor.url, objects, BATCH, IN_FLIGHT]));
      takes.drover.push(await measureDrover(vendor.url, objects));
    }
  } finally {
    vendor.process.kill('SIGTERM');
  }
  const median = Object.fromEntries(Object.entries(takes).map(([who, all]) => [who, medianByWall(all)]));
  if (median.drover.succeeded !== objects) throw new Error(`${name}: ${JSON.stringify(median.drover)}`);
  return { name, ...median };
}

async function measureDrover(url, objects) {
  const folder = mkdtempSync(join(tmpdir(), 'drover-bench-'));
  try {
    await output(start('drover-loop.mjs', ['setup', folder, url, objects, IN_FLIGHT]));
    return await measure('drover-loop.mjs', ['run', folder, url, objects, IN_FLIGHT]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function medianByWall(takes) {
  return takes.toSorted((left, right) => left.wallMs - right.wallMs)[Math.floor(takes.length / 2)];
}

function printTable(all) {
  const header = [
    'scenario',
    'got loop',
    'undici loop',
    'Drover',
    '÷ got',
    '÷ undici',
    'CPU: got, host, plugin',
    'peak RSS: got, host, plugin',
  ];
  const lines = all.map(({ name, got, undici, drover }) => [
    name,
    seconds(got.wallMs),
    seconds(undici.wallMs),
    seconds(drover.wallMs),
    (drover.wallMs / got.wallMs).toFixed(2),
    (drover.wallMs / undici.wallMs).toFixed(2),
    [got.cpuMs, drover.cpuMs, drover.childCpuMs].map(seconds).join(', '),
    [got.peakRssMb, drover.peakRssMb, drover.childPeakRssMb].map((mb) => `${Math.round(mb)} MB`).join(', '),
  ]);
  for (const line of [header, header.map(() => '---'), ...lines])
    process.stdout.write(`| ${line.join(' | ')} |\n`);
}

async function printStartTimes() {
  const drover = join(here, '..', 'runtime', 'bin', 'drover.mjs');
  process.stdout.write('\n| command | CPU |\n| --- | --- |\n');
  for (const args of [['--help'], ['objects', 'list', '--data-dir', join(here, '..', '.drover', 'bench')]]) {
    const takes = [];
    for (let take = 0; take < 5; take += 1) takes.push(await cpuOf([drover, ...args]));
    process.stdout.write(
      `| drover ${args.slice(0, 2).join(' ').replace('--data-dir', '')} | ${Math.round(takes.toSorted((a, b) => a - b)[2])} ms |\n`,
    );
  }
}

/** CPU milliseconds of a process, as the system counts them for children that have ended. */
async function cpuOf(args) {
  const code = `const { spawnSync } = require('node:child_process');
    spawnSync(process.execPath, ${JSON.stringify(args)});
    const { readFileSync } = require('node:fs');
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    process.stdout.write(String((Number(fields[13]) + Number(fields[14])) * 10));`;
  return Number(
    await output(spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })),
  );
}

async function measure(file, args) {
  return JSON.parse((await output(start(file, args))).trimEnd().split('\n').at(-1));
}

function start(file, args) {
  return spawn(process.execPath, [...HEAP_FLAGS, join(here, file), ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function startVendor(latencyMs) {
  const child = spawn(process.execPath, [join(here, 'vendor-server.mjs'), String(latencyMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await new Promise((resolve) =>
    child.stdout.once('data', (chunk) => resolve(String(chunk).split('\n'))),
  );
  return { process: child, url: line };
}

async function output(child) {
  let all = '';
  for await (const chunk of child.stdout) all += chunk;
  return all;
}

function seconds(ms) {
  return `${(ms / 1_000).toFixed(2)} s`;
}
