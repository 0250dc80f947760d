// What somebody would write by hand: a BullMQ job for each batch; a worker reads its objects, makes the call with got and stores an
// outcome, an attribute with its history and a revision for each object in one transaction. The tables are Drover's, with
// their indexes. No plan for anything that goes wrong. `submit` adds the jobs and waits for the last of them.
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, Worker } from 'bullmq';
import pg from 'pg';
import { createClient } from '../vendor-clients.mjs';

const { role, databaseUrl, redisUrl, url, objects, batch, concurrency } = JSON.parse(process.argv[2]);
const { hostname: host, port, searchParams } = new URL(redisUrl);
const connection = { host, port: Number(port), maxRetriesPerRequest: null };
const options = { connection, prefix: searchParams.get('prefix') };
const QUEUE = 'batches';
const LOOK_MS = 50;

await (role === 'submit' ? submit() : work());

async function submit() {
  const queue = new Queue(QUEUE, options);
  const startedAt = performance.now();
  const jobs = [];
  for (let from = 1; from <= objects; from += batch)
    jobs.push({ name: 'batch', data: { from, to: Math.min(from + batch, objects + 1) } });
  const opts = { removeOnComplete: true, removeOnFail: true };
  for (let at = 0; at < jobs.length; at += 1_000)
    await queue.addBulk(jobs.slice(at, at + 1_000).map((job) => ({ ...job, opts })));
  for (let left = 1; left > 0; await sleep(LOOK_MS)) {
    const { waiting, active, failed } = await queue.getJobCounts('waiting', 'active', 'failed');
    if (failed > 0) throw new Error('A job failed.');
    left = waiting + active;
  }
  const wallMs = performance.now() - startedAt - LOOK_MS;
  await queue.close();
  process.stdout.write(`${JSON.stringify({ wallMs, freezeMs: 0, calls: jobs.length })}\n`);
}

async function work() {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: concurrency });
  const post = await createClient('got', { url, inFlight: concurrency });
  const worker = new Worker(QUEUE, (job) => runBatch(pool, post, job.data), { ...options, concurrency });
  await worker.waitUntilReady();
  process.on('SIGTERM', () => process.exit(0));
  process.stdout.write('ready\n');
}

async function runBatch(pool, post, { from, to }) {
  const { rows } = await pool.query('select seq, id, value from objects where seq >= $1 and seq < $2', [
    from,
    to,
  ]);
  const { results } = await post('/v1/tags', { values: rows.map(({ value }) => value) });
  const scores = new Map(results.map(({ value, score }) => [value, score]));
  const client = await pool.connect();
  try {
    await client.query('begin');
    await store(client, rows, scores);
    await client.query('commit');
  } finally {
    client.release();
  }
}

async function store(client, rows, scores) {
  const at = Date.now();
  const seqs = rows.map(({ seq }) => seq);
  const values = rows.map(({ value }) => scores.get(value));
  await client.query(
    `insert into outcomes (run_id, position, object_seq, status, attempt, at)
      select 'run', seq, seq, 'succeeded', 1, $2 from unnest($1::bigint[]) as seq`,
    [seqs, at],
  );
  await client.query(
    `insert into attributes (object_seq, name, source, kind, text_value, value_key, number_value, at, run_id)
      select seq, 'Score', 'Bench', 'number', value, value, value, $3, 'run'
      from unnest($1::bigint[], $2::double precision[]) as said (seq, value)
      on conflict (object_seq, name, source, kind, value_key) do update set at = excluded.at, run_id = excluded.run_id`,
    [seqs, values, at],
  );
  await client.query(
    `insert into attribute_history (object_seq, name, source, kind, text_value, mode, at, run_id, applied)
      select seq, 'Score', 'Bench', 'number', value, 'replace', $3, 'run', 1
      from unnest($1::bigint[], $2::double precision[]) as said (seq, value)`,
    [seqs, values, at],
  );
  await client.query(
    'update objects set revision = revision + 1, updated_at = $2 where seq = any ($1::bigint[])',
    [seqs, at],
  );
}
