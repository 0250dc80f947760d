// Runs by `drover worker` processes over one PostgreSQL and one Redis.
import { withVendor } from '../processes.mjs';
import { inTurns, megabytes, printTable, seconds, times } from '../report.mjs';
import { withFilledGround } from './ground.mjs';
import { withServers } from './servers.mjs';

const PLUGIN = 'bench.tag-hosts';
const CONCURRENCY = 4;
/** No process of Drover may need more, whatever the size of the run. */
const MAX_RSS_MB = 300;

export async function benchScale({ quick, rounds, part }) {
  const parts = {
    bullmq: () => withServers((servers) => benchBesideBullmq(servers, { quick, rounds })),
    workers: () => withServers((servers) => benchWorkers(servers, { rounds })),
    growth: () => withServers((servers) => benchGrowth(servers, { quick })),
  };
  for (const [name, run] of Object.entries(parts)) if (part === undefined || part === name) await run();
}

/** Two workers of Drover beside two processes that take the same batches as BullMQ jobs of their own. */
async function benchBesideBullmq(servers, { quick, rounds }) {
  const scenarios = [
    { objects: quick ? 20_000 : 50_000, latencyMs: 50, rounds },
    { objects: quick ? 20_000 : 50_000, latencyMs: 0, rounds },
  ];
  const lines = [];
  for (const { objects, latencyMs, rounds } of scenarios) {
    const { raw, drover } = await withVendor(latencyMs, ({ url }) => {
      const shape = { url, objects, batch: 100, inFlight: 8 };
      const contender = (work) => () => withFilledGround(servers, shape, work);
      return inTurns(
        {
          raw: contender((ground) => runJobs(ground, shape)),
          drover: contender((ground) => runWorkers(ground, { ...shape, workers: 2 })),
        },
        rounds,
      );
    });
    lines.push([
      `${objects.toLocaleString('en')} objects, ${latencyMs} ms`,
      ...[raw, drover].map(({ wallMs }) => seconds(wallMs)),
      times(drover.wallMs, raw.wallMs),
      ...[raw, drover].map(cpuOf),
      times(drover.cpu.all, raw.cpu.all),
    ]);
  }
  const cpu = ['CPU: BullMQ jobs', 'CPU: Drover'].map((name) => `${name}, PostgreSQL, Redis`);
  const header = ['scenario', 'BullMQ jobs', 'Drover', '÷', ...cpu, '÷'];
  printTable('Batches of 100 by two processes, 4 in flight each, beside bare BullMQ jobs', header, lines);
}

/** The same run by one, two and four workers. */
async function benchWorkers(servers, { rounds }) {
  const BATCH = 10;
  const objects = 10_000;
  const contenders = {};
  const takes = await withVendor(50, ({ url }) => {
    const shape = { url, objects, batch: BATCH, inFlight: 64 };
    for (const workers of [1, 2, 4])
      contenders[workers] = () =>
        withFilledGround(servers, shape, (ground) => runWorkers(ground, { ...shape, workers }));
    return inTurns(contenders, rounds);
  });
  const batches = objects / BATCH;
  const lines = Object.entries(takes).map(([workers, take]) => [
    workers,
    seconds(take.wallMs),
    times(takes[1].wallMs, take.wallMs),
    (batches / (take.wallMs / 1_000)).toFixed(0),
    ...['hosts', 'postgres', 'redis'].map((kind) => `${(take.cpu[kind] / batches).toFixed(2)} ms`),
  ]);
  const header = [
    'workers',
    'time',
    'speed-up',
    'batches a second',
    'CPU a batch: Drover',
    'PostgreSQL',
    'Redis',
  ];
  printTable('Batches of one call of 50 ms, 10 objects each, 4 in flight a worker', header, lines);
}

/** Ever larger runs by two workers: what an object costs, and the memory that it takes. */
async function benchGrowth(servers, { quick }) {
  const sizes = [10_000, 100_000, ...(quick ? [] : [1_000_000])];
  const takes = [];
  for (const objects of sizes) {
    const take = await withVendor(0, ({ url }) => {
      const shape = { url, objects, batch: 100, inFlight: 8 };
      return withFilledGround(servers, shape, (ground) => runWorkers(ground, { ...shape, workers: 2 }));
    });
    takes.push({ objects, ...take });
  }
  const perObject = (value, objects) => `${((value / objects) * 1_000).toFixed(0)} µs`;
  const lines = takes.map(({ objects, cpu, wallMs, freezeMs, ...take }, at) => {
    const before = takes[at - 1];
    const marginal =
      before === undefined ? Number.NaN : (cpu.all - before.cpu.all) / (objects - before.objects);
    takes[at].marginal = marginal;
    return [
      objects.toLocaleString('en'),
      `${seconds(freezeMs)} + ${seconds(wallMs)}`,
      ...['hosts', 'postgres', 'redis'].map((kind) => perObject(cpu[kind], objects)),
      Number.isNaN(marginal) ? '–' : perObject(marginal, 1),
      `${Math.round(take.walBytes / objects)} B`,
      `${Math.round(take.diskBytes / objects)} B`,
      (take.commits / (objects / 100)).toFixed(1),
      ['worker', 'submitter', 'plugin', 'postgres'].map((kind) => megabytes(take.peaks[kind])).join(', '),
    ];
  });
  const header = [
    'objects',
    'freezing + run',
    'CPU an object: Drover',
    'PostgreSQL',
    'Redis',
    'each object more',
    'WAL an object',
    'disk an object',
    'commits a batch',
    'peak RSS: worker, CLI, plugin, a PostgreSQL process',
  ];
  printTable('Runs by two workers, batches of 100, 0 ms', header, lines);
  if (takes.length > 2)
    process.stdout.write(
      `\nEach object more: ${times(takes[2].marginal, takes[1].marginal)} times from 100,000 to 1,000,000 what it was before.\n`,
    );
  for (const { objects, peaks } of takes)
    for (const kind of ['worker', 'submitter', 'plugin'])
      if (peaks[kind] > MAX_RSS_MB)
        throw new Error(
          `${kind} of ${objects} objects: ${megabytes(peaks[kind])}; at most ${MAX_RSS_MB} MB.`,
        );
}

async function runWorkers(ground, { objects, workers }) {
  await ground.startWorkers(workers, { concurrency: CONCURRENCY });
  return ground.measured(() => ground.runAction(PLUGIN, { objects }));
}

async function runJobs(ground, shape) {
  const { databaseUrl, redisUrl } = ground;
  const parameters = { ...shape, databaseUrl, redisUrl, concurrency: CONCURRENCY };
  await ground.startOthers(2, 'raw-jobs.mjs', { ...parameters, role: 'work' });
  return ground.measured(() => ground.runOther('raw-jobs.mjs', { ...parameters, role: 'submit' }));
}

function cpuOf({ cpu }) {
  return [cpu.hosts, cpu.postgres, cpu.redis].map(seconds).join(', ');
}
