// What processes that are not ours to instrument cost: read from /proc, with everything that they start.
import { readFileSync, readdirSync } from 'node:fs';

const MS_PER_TICK = 10;

/**
 * CPU time and peak memory of a process and all below it. CPU time of those that have ended counts as far as their parent has
 * waited for them, as PostgreSQL and Node do.
 */
export function treeFigures(root) {
  const table = processTable();
  const pids = [root];
  for (let at = 0; at < pids.length; at += 1)
    pids.push(...[...table].filter(([, { parent }]) => parent === pids[at]).map(([pid]) => pid));
  const all = pids.flatMap((pid) => (table.has(pid) ? [{ pid, ...table.get(pid) }] : []));
  return {
    cpuMs: all.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    peaks: all.map(({ pid, parent }) => ({ pid, parent, peakRssMb: peakRssMb(pid) })),
  };
}

function processTable() {
  const table = new Map();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
      table.set(Number(pid), { parent: Number(fields[1]), cpuMs: ticks * MS_PER_TICK });
    } catch {
      // The process ended between the listing and the reading.
    }
  }
  return table;
}

function peakRssMb(pid) {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
