// The same run by one, two and four workers.
import { withVendor } from '../processes.mjs';
import { inTurns, printTable, seconds, times } from '../report.mjs';
import { withFilledGround } from './ground.mjs';
import { CONCURRENCY, runWorkers } from './run-workers.mjs';

const LATENCY_MS = 50;
const BATCH = 10;
const WORKERS = [1, 2, 4];

export async function benchWorkers(servers, { quick, rounds }) {
  // Four workers take half a minute for it, and are slow for the first two seconds: plugin processes start, V8 compiles.
  const objects = quick ? 20_000 : 80_000;
  const shape = { objects, batch: BATCH, inFlight: Math.max(...WORKERS) * CONCURRENCY };
  const takes = await withVendor(LATENCY_MS, ({ url }) => {
    const take = (workers) => () =>
      withFilledGround(servers, { ...shape, url }, (ground) => runWorkers(ground, { objects, workers }));
    return inTurns(Object.fromEntries(WORKERS.map((workers) => [workers, take(workers)])), rounds);
  });
  const batches = objects / BATCH;
  const lines = Object.entries(takes).map(([workers, { wallMs, cpu }]) => [
    workers,
    seconds(wallMs),
    times(takes[WORKERS[0]].wallMs, wallMs),
    (batches / (wallMs / 1_000)).toFixed(0),
    ...['hosts', 'postgres', 'redis'].map((kind) => `${(cpu[kind] / batches).toFixed(2)} ms`),
  ]);
  const cpu = ['CPU a batch: Drover', 'PostgreSQL', 'Redis'];
  const header = ['workers', 'time', 'speed-up', 'batches a second', ...cpu];
  const title = `${batches.toLocaleString('en')} batches of one call of ${LATENCY_MS} ms, ${CONCURRENCY} in flight a worker`;
  printTable(title, header, lines);
}
