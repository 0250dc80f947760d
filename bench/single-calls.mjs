// One call for each object, each with a durable outcome: with calls that must not be repeated, and with the same calls as
// repeatable ones, which have no journal. The loops beside it make the calls and keep nothing.
import { ENCRYPTION_KEY } from './encryption-key.mjs';
import { withDroverFolder, withVendor } from './processes.mjs';
import { inTurns, printTable, seconds, times } from './report.mjs';
import { measureCommand, measureWhole } from './whole-process.mjs';

export async function benchSingleCalls({ quick, rounds }) {
  const scenarios = [
    { latencyMs: 20, inFlight: 32, objects: 5_000, rounds },
    { latencyMs: 0, inFlight: 32, objects: 5_000, rounds },
    ...(quick
      ? []
      : [
          { latencyMs: 20, inFlight: 8, objects: 2_500, rounds: 1 },
          { latencyMs: 0, inFlight: 8, objects: 5_000, rounds: 1 },
          // Alone in flight, 5,000 calls would be idle for 100 s in each loop; what one call costs stays the same.
          { latencyMs: 20, inFlight: 1, objects: 500, rounds: 1 },
          { latencyMs: 0, inFlight: 1, objects: 5_000, rounds: 1 },
        ]),
  ];
  const lines = [];
  for (const scenario of scenarios) lines.push(await lineOf(scenario));
  const header = [
    'scenario',
    'got loop',
    'undici loop',
    'Drover, once',
    '÷ got',
    '÷ undici',
    'Drover, repeatable',
    'CPU a call: got, host, plugin',
    'host ÷ got, by CPU',
    'of the host’s, the journal',
    'most in flight: got, Drover',
  ];
  printTable('One call for each object, whole processes from start to exit', header, lines);
}

/** The command that a person would give, over a data folder that was made before. */
function measureRun({ objects, ...parameters }) {
  const what = ['bench.notify-hosts', '--collection', 'hosts', '--connection', 'bench'];
  const args = ['action', 'run', ...what, '--objects-per-run', String(objects)];
  const env = { DROVER_ENCRYPTION_KEY: ENCRYPTION_KEY };
  return withDroverFolder({ objects, ...parameters }, (dataDir) => measureCommand(args, { dataDir, env }));
}

async function lineOf({ latencyMs, inFlight, objects, rounds }) {
  const name = `${objects.toLocaleString('en')} calls, ${latencyMs} ms, ${inFlight} in flight`;
  const { undici, got, once, repeatable } = await withVendor(latencyMs, (vendor) => {
    const shared = { url: vendor.url, objects, inFlight };
    const watched = async (take) => {
      const figures = await take;
      return { ...figures, inFlight: await vendor.mostUnderWay() };
    };
    const drover = (delivery) => watched(measureRun({ ...shared, delivery }));
    return inTurns(
      {
        undici: () => watched(measureWhole('raw-calls.mjs', { ...shared, client: 'undici' })),
        got: () => watched(measureWhole('raw-calls.mjs', { ...shared, client: 'got' })),
        once: () => drover('once'),
        repeatable: () => drover('repeatable'),
      },
      rounds,
    );
  });
  for (const drover of [once, repeatable]) {
    if (drover.summary.counts.succeeded !== objects) throw new Error(`${name}: ${JSON.stringify(drover)}`);
  }
  const perCall = (cpuMs) => `${(cpuMs / objects).toFixed(2)} ms`;
  return [
    name,
    seconds(got.wallMs),
    seconds(undici.wallMs),
    seconds(once.wallMs),
    times(once.wallMs, got.wallMs),
    times(once.wallMs, undici.wallMs),
    seconds(repeatable.wallMs),
    [got.cpuMs, once.cpuMs, once.childCpuMs].map(perCall).join(', '),
    times(once.cpuMs, got.cpuMs),
    `${Math.round((1 - repeatable.cpuMs / once.cpuMs) * 100)} %`,
    // A vendor that answers at once never has two.
    latencyMs > 0 ? `${got.inFlight}, ${once.inFlight}` : '–',
  ];
}
