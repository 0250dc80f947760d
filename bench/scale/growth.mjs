// Ever larger runs by two workers: what an object costs, and the memory that it takes.
import { withVendor } from '../processes.mjs';
import { megabytes, printTable, seconds, times } from '../report.mjs';
import { costCells, COST_HEADER } from './cost-cells.mjs';
import { withFilledGround } from './ground.mjs';
import { CONCURRENCY, runWorkers } from './run-workers.mjs';

const WORKERS = 2;
const BATCH = 100;
/** No process of Drover may need more, whatever the size of the run. */
const MAX_RSS_MB = 300;
const OURS = ['worker', 'submitter', 'plugin'];

export async function benchGrowth(servers, { quick }) {
  const takes = [];
  for (const objects of [10_000, 100_000, ...(quick ? [] : [1_000_000])]) {
    const shape = { objects, batch: BATCH, inFlight: WORKERS * CONCURRENCY };
    const take = await withVendor(0, ({ url }) =>
      withFilledGround(servers, { ...shape, url }, (ground) =>
        runWorkers(ground, { objects, workers: WORKERS }),
      ),
    );
    takes.push({ objects, ...take, marginalMs: marginalOf(takes.at(-1), { objects, ...take }) });
  }
  const lines = takes.map((take) => [
    take.objects.toLocaleString('en'),
    `${seconds(take.freezeMs)} + ${seconds(take.wallMs)}`,
    ...costCells(take, take.objects),
    take.marginalMs === undefined ? '–' : `${(take.marginalMs * 1_000).toFixed(0)} µs`,
    [...OURS, 'postgres'].map((kind) => megabytes(take.peaks[kind])).join(', '),
  ]);
  const memory = 'peak RSS: worker, CLI, plugin, a PostgreSQL process';
  const header = ['objects', 'freezing + run', ...COST_HEADER, 'CPU of each more', memory];
  printTable(`Runs by ${WORKERS} workers, batches of ${BATCH}, 0 ms`, header, lines);
  const [, smaller, larger] = takes;
  if (larger !== undefined) {
    const ratio = times(larger.marginalMs, smaller.marginalMs);
    process.stdout.write(
      `\nEach object more costs ${ratio} times in the last step what it does in the first.\n`,
    );
  }
  takes.forEach(checkMemory);
}

/** CPU of all processes for each object by which a run is larger than the one before. */
function marginalOf(before, { objects, cpu }) {
  return before === undefined ? undefined : (cpu.all - before.cpu.all) / (objects - before.objects);
}

function checkMemory({ objects, peaks }) {
  for (const kind of OURS)
    if (peaks[kind] > MAX_RSS_MB)
      throw new Error(
        `A ${kind} took ${megabytes(peaks[kind])} over ${objects} objects; at most ${MAX_RSS_MB} MB are in order.`,
      );
}
