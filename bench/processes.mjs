// The processes of a bench: each measured one is started anew, and says what it came to as its last line of JSON.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const DROVER = join(here, '..', 'runtime', 'bin', 'drover.mjs');
/** Those of the drover command, for everybody. */
export const NODE_FLAGS = ['--max-semi-space-size=8', '--heap-growing-percent=40', '--v8-pool-size=1'];

/** Runs a file of this folder to its end; the parameters reach it as JSON. */
export async function measure(file, parameters) {
  const said = await output(start([...NODE_FLAGS, join(here, file), JSON.stringify(parameters)]));
  return JSON.parse(said.trimEnd().split('\n').at(-1));
}

/** A run of Drover over a data folder of its own: what it needs is made by another process before. */
export function measureDrover(parameters) {
  return withDroverFolder(parameters, (folder) =>
    measure('drover-loop.mjs', { ...parameters, folder, mode: 'run' }),
  );
}

/** Hands over a folder in which the bench's plugins are installed, a connection made and the objects imported. */
export function withDroverFolder(parameters, work) {
  return inFolder(async (folder) => {
    await output(
      start([join(here, 'drover-loop.mjs'), JSON.stringify({ ...parameters, folder, mode: 'setup' })]),
    );
    return work(folder);
  });
}

/** Starts the vendor, hands it to the work and ends it. */
export async function withVendor(latencyMs, work) {
  const child = start([join(here, 'vendor-server.mjs'), String(latencyMs)]);
  const [line] = await new Promise((resolve) =>
    child.stdout.once('data', (chunk) => resolve(String(chunk).split('\n'))),
  );
  const vendor = { url: line, mostUnderWay: () => mostUnderWay(line) };
  try {
    return await work(vendor);
  } finally {
    child.kill('SIGTERM');
  }
}

/** Starts a simulated vendor without its rate limits, hands its address and token over and ends it. */
export async function withSimulator(args, work) {
  const child = start([DROVER, 'simulate', ...args, '--no-rate-limit', '--json']);
  try {
    const [line] = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.stdout.once('data', (chunk) => resolve(String(chunk).split('\n')));
    });
    return await work(JSON.parse(line));
  } finally {
    child.kill('SIGTERM');
  }
}

/** The most requests that the vendor had at a time since this was asked last. */
async function mostUnderWay(url) {
  const answer = await fetch(`${url}/v1/most-under-way`, { method: 'POST', body: '{}' });
  return (await answer.json()).most;
}

export async function inFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'drover-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function start(args, { env } = {}) {
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], ...(env && { env }) });
}

export async function output(child) {
  let all = '';
  for await (const chunk of child.stdout) all += chunk;
  return all;
}
