// Two workers of Drover beside two processes that take the same batches as BullMQ jobs of their own.
import { withVendor } from '../processes.mjs';
import { inTurns, printTable, seconds, times } from '../report.mjs';
import { withFilledGround } from './ground.mjs';
import { CONCURRENCY, runWorkers } from './run-workers.mjs';

const PROCESSES = 2;
const BATCH = 100;

export async function benchBesideBullmq(servers, { quick, rounds }) {
  const objects = quick ? 20_000 : 50_000;
  const lines = [];
  for (const latencyMs of [50, 0]) {
    const { raw, drover } = await withVendor(latencyMs, ({ url }) =>
      compare(servers, { url, objects, batch: BATCH, inFlight: PROCESSES * CONCURRENCY }, rounds),
    );
    lines.push([
      `${objects.toLocaleString('en')} objects, ${latencyMs} ms`,
      ...[raw, drover].map(({ wallMs }) => seconds(wallMs)),
      times(drover.wallMs, raw.wallMs),
      ...[raw, drover].map(({ cpu }) => [cpu.hosts, cpu.postgres, cpu.redis].map(seconds).join(', ')),
      times(drover.cpu.all, raw.cpu.all),
    ]);
  }
  const cpu = ['BullMQ jobs', 'Drover'].map((name) => `CPU: ${name}, PostgreSQL, Redis`);
  const header = ['scenario', 'BullMQ jobs', 'Drover', '÷', ...cpu, '÷'];
  const title = `Batches of ${BATCH} by ${PROCESSES} processes, ${CONCURRENCY} in flight each, beside bare BullMQ jobs`;
  printTable(title, header, lines);
}

function compare(servers, shape, rounds) {
  const contender = (work) => () => withFilledGround(servers, shape, (ground) => work(ground, shape));
  const drover = (ground) => runWorkers(ground, { ...shape, workers: PROCESSES });
  return inTurns({ raw: contender(runJobs), drover: contender(drover) }, rounds);
}

async function runJobs(ground, shape) {
  const { databaseUrl, redisUrl } = ground;
  const parameters = { ...shape, databaseUrl, redisUrl, concurrency: CONCURRENCY };
  await ground.startOthers(PROCESSES, 'raw-jobs.mjs', { ...parameters, role: 'work' });
  return ground.measured(() => ground.runOther('raw-jobs.mjs', { ...parameters, role: 'submit' }));
}
