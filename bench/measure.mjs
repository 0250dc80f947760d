// What a measured process says of itself at its end, as one line of JSON on stdout.
import { readFileSync, readdirSync } from 'node:fs';

const CLOCK_TICKS_PER_SECOND = 100;

/** Starts measuring; `finish` prints wall and CPU time since, and the peak memory of this process and its children. */
export function startMeasuring() {
  const cpu = process.cpuUsage();
  const wall = performance.now();
  return {
    finish(extra = {}) {
      const spent = process.cpuUsage(cpu);
      const report = {
        wallMs: performance.now() - wall,
        cpuMs: (spent.user + spent.system) / 1_000,
        peakRssMb: process.resourceUsage().maxRSS / 1024,
        ...childFigures(),
        ...extra,
      };
      process.stdout.write(`${JSON.stringify(report)}\n`);
    },
  };
}

/** CPU and peak memory of the child processes that are alive. */
function childFigures() {
  let childCpuMs = 0;
  let childPeakRssMb = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (Number(fields[1]) !== process.pid) continue;
      childCpuMs += ((Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND) * 1_000;
      const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
      childPeakRssMb = Math.max(childPeakRssMb, Number(peak?.[1] ?? 0) / 1024);
    } catch {
      // The process ended between the listing and the reading.
    }
  }
  return { childCpuMs, childPeakRssMb };
}
