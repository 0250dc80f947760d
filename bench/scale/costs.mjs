// What a sizing reckons with: an object imported, sent in a batch of 100, of 10, and in a once-only call of its own.
import { withVendor } from '../processes.mjs';
import { printTable, seconds } from '../report.mjs';
import { COST_HEADER, costCells } from './cost-cells.mjs';
import { withFilledGround } from './ground.mjs';
import { CONCURRENCY, runWorkers } from './run-workers.mjs';

const WORKERS = 2;
const IN_FLIGHT = WORKERS * CONCURRENCY;

export async function benchCosts(servers, { quick }) {
  const few = quick ? 10_000 : 50_000;
  const takes = await withVendor(0, async ({ url }) => {
    const ground = (shape, work) =>
      withFilledGround(servers, { url, objects: 0, batch: 100, inFlight: IN_FLIGHT, ...shape }, work);
    const run = (objects, options) =>
      ground({ objects, ...options }, (one) =>
        runWorkers(one, { objects, workers: WORKERS, plugin: options.plugin }),
      );
    return {
      imported: {
        objects: few,
        ...(await ground({}, (one) => one.measured(() => one.importHosts(few)))),
      },
      'sent in batches of 100': { objects: few, ...(await run(few, { batch: 100 })) },
      'sent in batches of 10': { objects: 10_000, ...(await run(10_000, { batch: 10 })) },
      'sent in once-only calls': {
        objects: 10_000,
        ...(await run(10_000, { plugin: 'bench.notify-hosts', inFlight: 32 })),
      },
    };
  });
  const lines = Object.entries(takes).map(([what, { objects, wallMs, ...take }]) => [
    what,
    objects.toLocaleString('en'),
    seconds(wallMs),
    ...costCells(take, objects),
  ]);
  printTable('What an object costs', ['what', 'objects', 'time', ...COST_HEADER], lines);
}
