// The loop that somebody would write by hand: a call for each user, so many in flight, and of each the rows that a run keeps, a
// hundred users a transaction. Whom Okta refuses is nobody's concern.
import { Agent } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import got from 'got';
import { startMeasuring } from './measure.mjs';

const BATCH = 100;
const { folder, url, token, users, inFlight } = JSON.parse(process.argv[2]);

const database = new DatabaseSync(join(folder, 'raw.db'), { timeout: 5_000 });
database.exec(`pragma journal_mode = wal; pragma synchronous = normal;
  create table objects (seq integer primary key, id text, type text, subtype text, value text, revision integer);
  create unique index objects_key on objects (type, subtype, value);
  create unique index objects_id on objects (id);
  create table outcomes (run_id text, position integer, object_seq integer, status text, at integer, primary key (run_id, position)) without rowid;
  create table attributes (object_seq integer, name text, source text, value text, at integer, run_id text, primary key (object_seq, name, source)) without rowid;
  create table attribute_history (seq integer primary key, object_seq integer, name text, source text, value text, at integer, run_id text);`);
fill();

const measured = startMeasuring();
const all = database.prepare('select seq, value from objects order by seq').iterate();
const outcome = database.prepare('insert into outcomes values (?, ?, ?, ?, ?)');
const attribute = database.prepare(
  'insert into attributes values (?, ?, ?, ?, ?, ?) on conflict (object_seq, name, source) do update set value = excluded.value, at = excluded.at, run_id = excluded.run_id',
);
const history = database.prepare(
  'insert into attribute_history (object_seq, name, source, value, at, run_id) values (?, ?, ?, ?, ?, ?)',
);
const revise = database.prepare('update objects set revision = revision + 1 where seq = ?');
const client = got.extend({
  agent: { http: new Agent({ keepAlive: true, maxSockets: inFlight }) },
  headers: { authorization: `SSWS ${token}` },
  retry: { limit: 0 },
});

let done = [];
let suspended = 0;
await Promise.all(Array.from({ length: inFlight }, work));
keep();
measured.finish({ suspended });
database.close();
process.exit(0);

async function work() {
  for (const { seq, value } of all) {
    await client.post(`${url}/api/v1/users/${encodeURIComponent(value)}/lifecycle/suspend`);
    suspended += 1;
    done.push(seq);
    if (done.length === BATCH) keep();
  }
}

function keep() {
  const at = Date.now();
  database.exec('begin immediate');
  for (const seq of done) {
    outcome.run('run', seq, seq, 'succeeded', at);
    attribute.run(seq, 'Okta Status', 'Okta', 'SUSPENDED', at, 'run');
    history.run(seq, 'Okta Status', 'Okta', 'SUSPENDED', at, 'run');
    revise.run(seq);
  }
  database.exec('commit');
  done = [];
}

function fill() {
  const insert = database.prepare(
    'insert into objects (id, type, subtype, value, revision) values (?, ?, ?, ?, 1)',
  );
  database.exec('begin');
  for (let n = 1; n <= users; n += 1) insert.run(`obj_${n}`, 'identity', '', `user${n}@example.com`);
  database.exec('commit');
}
