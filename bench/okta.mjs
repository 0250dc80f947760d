// Okta's Take Action beside a hand-written loop: as many users of the simulated org suspended, ten calls in flight, the same rows in
// SQLite.
import { inFolder, measure, withSimulator } from './processes.mjs';
import { inTurns, megabytes, printTable, seconds, times } from './report.mjs';

const USERS = 10_000;
const IN_FLIGHT = 10;
const LATENCIES_MS = [20, 0];

export async function benchOkta({ quick, rounds }) {
  const lines = [];
  for (const latencyMs of quick ? LATENCIES_MS.slice(0, 1) : LATENCIES_MS) {
    const args = ['okta', '--users', String(USERS), '--latency-ms', String(latencyMs)];
    const { raw, drover } = await withSimulator(args, (org) => compare(org, rounds));
    lines.push([
      `${USERS.toLocaleString('en')} calls, ${latencyMs} ms, ${IN_FLIGHT} in flight`,
      ...[raw, drover].map(({ wallMs }) => seconds(wallMs)),
      times(drover.wallMs, raw.wallMs),
      [raw.cpuMs, drover.cpuMs, drover.childCpuMs].map(seconds).join(', '),
      [raw.peakRssMb, drover.peakRssMb, drover.childPeakRssMb].map(megabytes).join(', '),
    ]);
  }
  const costs = ['CPU: got, host, plugin', 'peak RSS: got, host, plugin'];
  printTable('Okta: users suspended', ['scenario', 'got loop', 'Drover', '÷ got', ...costs], lines);
}

function compare(org, rounds) {
  const shared = { url: org.url, token: org.token, users: USERS, inFlight: IN_FLIGHT };
  const fresh = (take) => async () => {
    await fetch(`${org.url}/__sim/reset`, { method: 'POST' });
    const figures = await inFolder(take);
    if (figures.suspended !== USERS)
      throw new Error(`${figures.suspended} of ${USERS} users were suspended.`);
    return figures;
  };
  return inTurns(
    {
      raw: fresh((folder) => measure('raw-okta.mjs', { ...shared, folder })),
      drover: fresh(async (folder) => {
        await measure('drover-okta.mjs', { ...shared, folder, mode: 'setup' });
        return measure('drover-okta.mjs', { ...shared, folder, mode: 'run' });
      }),
    },
    rounds,
  );
}
