// Whole processes: from the moment that somebody starts one to its end, as that person waits for it. What a loop and Drover load,
// open and close is in it for both.
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NODE_FLAGS, output, start } from './processes.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const DROVER = join(here, '..', 'runtime', 'bin', 'drover.mjs');
const FIGURES = 'figures: ';
/** User and system time of a process with its threads, then of the children that it has waited for, in ticks of 10 ms. */
const AT_EXIT = `const { readFileSync, writeSync } = process.getBuiltinModule('node:fs');
  const { isMainThread } = process.getBuiltinModule('node:worker_threads');
  if (isMainThread) process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    const peakRssMb = process.resourceUsage().maxRSS / 1024;
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const childCpuMs = (Number(fields[13]) + Number(fields[14])) * 10;
    writeSync(1, '\\n${FIGURES}' + JSON.stringify({ cpuMs: (user + system) / 1000, childCpuMs, peakRssMb }) + '\\n');
  });`;
const LOOK_AT_CHILDREN_MS = 200;

/** A file of this folder; the parameters reach it as JSON. */
export function measureWhole(file, parameters) {
  return measureProcess([join(here, file), JSON.stringify(parameters)]);
}

/** The drover command; answers its JSON document as well. */
export function measureCommand(args, { dataDir, env = {} }) {
  return measureProcess([DROVER, ...args, '--json', '--quiet', '--data-dir', dataDir], {
    DROVER_LOG_LEVEL: 'silent',
    ...env,
  });
}

async function measureProcess(args, env = {}) {
  const startedAt = performance.now();
  const preload = ['--import', `data:text/javascript,${encodeURIComponent(AT_EXIT)}`];
  const child = start([...NODE_FLAGS, ...preload, ...args], { env: { PATH: process.env.PATH, ...env } });
  let childPeakRssMb = 0;
  const looking = setInterval(() => {
    childPeakRssMb = Math.max(childPeakRssMb, peakRssOfChildren(child.pid));
  }, LOOK_AT_CHILDREN_MS);
  const [said, [status]] = await Promise.all([output(child), once(child, 'close')]);
  const wallMs = performance.now() - startedAt;
  clearInterval(looking);
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${said}`);
  const lines = said.split('\n').filter((line) => line.trim() !== '');
  const figures = JSON.parse(lines.pop().slice(FIGURES.length));
  return { ...JSON.parse(lines.pop()), ...figures, wallMs, childPeakRssMb };
}

function peakRssOfChildren(pid) {
  let peakMb = 0;
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      if (Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]) !== pid) continue;
      peakMb = Math.max(peakMb, Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024);
    } catch {
      // The process ended between the listing and the reading.
    }
  }
  return peakMb;
}
