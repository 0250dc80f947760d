// Objects in batches of 100, one call a batch, every outcome with a write-back, beside loops that do the same.
import { measure, measureDrover, withVendor } from './processes.mjs';
import { inTurns, megabytes, printTable, seconds, times } from './report.mjs';

const IN_FLIGHT = 8;
const BATCH = 100;

export async function benchBatches({ quick, rounds }) {
  const scenarios = [
    { objects: 50_000, latencyMs: 0, rounds },
    { objects: 50_000, latencyMs: 20, rounds },
    ...(quick
      ? []
      : [
          { objects: 100_000, latencyMs: 0, rounds: 1 },
          { objects: 1_000_000, latencyMs: 0, rounds: 1 },
        ]),
  ];
  const lines = [];
  for (const scenario of scenarios) lines.push(await lineOf(scenario));
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
  printTable(`Batches of ${BATCH}, ${IN_FLIGHT} in flight`, header, lines);
}

async function lineOf({ objects, latencyMs, rounds }) {
  const name = `${objects.toLocaleString('en')} objects, ${latencyMs} ms`;
  const { undici, got, drover } = await withVendor(latencyMs, ({ url }) => {
    const shared = { url, objects, batch: BATCH, inFlight: IN_FLIGHT };
    return inTurns(
      {
        undici: () => measure('raw-batches.mjs', { ...shared, client: 'undici' }),
        got: () => measure('raw-batches.mjs', { ...shared, client: 'got' }),
        drover: () => measureDrover({ ...shared, plugin: 'bench.tag-hosts' }),
      },
      rounds,
    );
  });
  if (drover.succeeded !== objects) throw new Error(`${name}: ${JSON.stringify(drover)}`);
  return [
    name,
    seconds(got.wallMs),
    seconds(undici.wallMs),
    seconds(drover.wallMs),
    times(drover.wallMs, got.wallMs),
    times(drover.wallMs, undici.wallMs),
    [got.cpuMs, drover.cpuMs, drover.childCpuMs].map(seconds).join(', '),
    [got.peakRssMb, drover.peakRssMb, drover.childPeakRssMb].map(megabytes).join(', '),
  ];
}
