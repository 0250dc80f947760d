// The loop that somebody would write by hand: read objects from SQLite, send them in batches with so many calls in flight,
// store one outcome an object and one attribute with its history. No plan for anything that goes wrong.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createClient } from './vendor-clients.mjs';
import { startMeasuring } from './measure.mjs';

const { client, url, objects, batch, inFlight } = JSON.parse(process.argv[2]);
const post = await createClient(client, { url, inFlight });

const folder = mkdtempSync(join(tmpdir(), 'drover-bench-raw-'));
const database = new DatabaseSync(join(folder, 'raw.db'), { timeout: 5_000 });
database.exec(`pragma journal_mode = wal; pragma synchronous = normal;
  create table objects (seq integer primary key, id text, type text, subtype text, value text, revision integer);
  create unique index objects_key on objects (type, subtype, value);
  create unique index objects_id on objects (id);
  create table outcomes (run_id text, position integer, object_seq integer, status text, at integer, primary key (run_id, position)) without rowid;
  create table attributes (object_seq integer, name text, source text, value real, at integer, run_id text, primary key (object_seq, name, source)) without rowid;
  create table attribute_history (seq integer primary key, object_seq integer, name text, source text, value real, at integer, run_id text);`);
fill();

const measured = startMeasuring();
const read = database.prepare('select seq, id, value from objects where seq > ? order by seq limit ?');
const outcome = database.prepare('insert into outcomes values (?, ?, ?, ?, ?)');
const attribute = database.prepare(
  'insert into attributes values (?, ?, ?, ?, ?, ?) on conflict (object_seq, name, source) do update set value = excluded.value, at = excluded.at, run_id = excluded.run_id',
);
const history = database.prepare(
  'insert into attribute_history (object_seq, name, source, value, at, run_id) values (?, ?, ?, ?, ?, ?)',
);
const revise = database.prepare('update objects set revision = revision + 1 where seq = ?');

let next = 0;
let calls = 0;
async function work() {
  for (;;) {
    const rows = read.all(next, batch);
    if (rows.length === 0) return;
    next = rows.at(-1).seq;
    const { results } = await post('/v1/tags', { values: rows.map(({ value }) => value) });
    calls += 1;
    const scores = new Map(results.map(({ value, score }) => [value, score]));
    const at = Date.now();
    database.exec('begin immediate');
    for (const { seq, value } of rows) {
      outcome.run('run', seq, seq, 'succeeded', at);
      attribute.run(seq, 'Score', 'Bench', scores.get(value), at, 'run');
      history.run(seq, 'Score', 'Bench', scores.get(value), at, 'run');
      revise.run(seq);
    }
    database.exec('commit');
  }
}
await Promise.all(Array.from({ length: inFlight }, work));
measured.finish({ calls });
database.close();
rmSync(folder, { recursive: true });
process.exit(0);

function fill() {
  const insert = database.prepare(
    'insert into objects (id, type, subtype, value, revision) values (?, ?, ?, ?, 1)',
  );
  database.exec('begin');
  for (let n = 0; n < objects; n += 1) insert.run(`obj_${n}`, 'indicator', 'FQDN', `host${n}.example.com`);
  database.exec('commit');
}
