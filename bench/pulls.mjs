// Pulls of the CrowdStrike feed beside a hand-written loop: the same pages of the simulated cloud, the same rows in SQLite. The
// sizes are those for which Netskope's own plugin documents its time: 11,002 and 50,000 users.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
/** Those of the drover command, for everybody. */
const HEAP_FLAGS = ['--max-semi-space-size=8', '--heap-growing-percent=40'];
/** Id and secret that the simulated cloud lets in. */
const CLIENT = ['simulated-crowdstrike-client', 'simulated-crowdstrike-secret'];
/** What Netskope documents for its plugin, against the real cloud. */
const SIZES = [
  { users: 11_002, documentedS: 76 },
  { users: 50_000, documentedS: 339 },
];

export async function benchPulls({ rounds }) {
  const lines = [];
  for (const { users, documentedS } of SIZES) {
    const { raw, first, second } = await withCloud(users, (url) => measureAll({ url, users, rounds }));
    lines.push([
      `${users.toLocaleString('en')} users`,
      ...[raw, first, second].map(({ wallMs }) => seconds(wallMs)),
      (first.wallMs / raw.wallMs).toFixed(2),
      [raw.cpuMs, first.cpuMs, first.childCpuMs].map(seconds).join(', '),
      [raw.peakRssMb, first.peakRssMb, first.childPeakRssMb].map((mb) => `${Math.round(mb)} MB`).join(', '),
      `${documentedS} s`,
    ]);
  }
  const header = [
    'pull',
    'got loop',
    'Drover',
    'Drover again',
    '÷ got',
    'CPU: got, host, plugin',
    'peak RSS: got, host, plugin',
    'documented',
  ];
  for (const line of [header, header.map(() => '---'), ...lines]) {
    process.stdout.write(`| ${line.join(' | ')} |\n`);
  }
}

async function measureAll({ url, users, rounds }) {
  const takes = { raw: [], first: [], second: [] };
  for (let round = 0; round < rounds; round += 1) {
    takes.raw.push(await inFolder((folder) => measure('raw-pull.mjs', [folder, url, ...CLIENT])));
    await inFolder(async (folder) => {
      await measure('drover-pull.mjs', [folder, url, ...CLIENT, 'setup']);
      takes.first.push(await measure('drover-pull.mjs', [folder, url, ...CLIENT, 'pull']));
      takes.second.push(await measure('drover-pull.mjs', [folder, url, ...CLIENT, 'pull']));
    });
  }
  for (const { kept } of [...takes.raw, ...takes.first, ...takes.second]) {
    if (kept !== users) throw new Error(`${kept} of ${users} users were kept.`);
  }
  return Object.fromEntries(Object.entries(takes).map(([who, all]) => [who, medianByWall(all)]));
}

/** Starts the simulated cloud, hands over its address and ends it. */
async function withCloud(users, work) {
  const drover = join(here, '..', 'runtime', 'bin', 'drover.mjs');
  const argv = [drover, 'simulate', 'crowdstrike', '--users', String(users), '--no-rate-limit', '--json'];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.stdout.once('data', (chunk) => resolve(String(chunk).split('\n')));
    });
    return await work(JSON.parse(line).url);
  } finally {
    child.kill('SIGTERM');
  }
}

async function measure(file, args) {
  const child = spawn(process.execPath, [...HEAP_FLAGS, join(here, file), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const chunk of child.stdout) said += chunk;
  return JSON.parse(said.trimEnd().split('\n').at(-1));
}

async function inFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'drover-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function medianByWall(takes) {
  return takes.toSorted((left, right) => left.wallMs - right.wallMs)[Math.floor(takes.length / 2)];
}

function seconds(ms) {
  return `${(ms / 1_000).toFixed(2)} s`;
}
