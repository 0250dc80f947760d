// The loop that somebody would write by hand: a token, page after page of users, and of each one the rows that a pull keeps,
// in the same tables under the same indexes, which `setup` makes. No plan for anything that goes wrong, and no look at what was there before.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import got from 'got';
import { startMeasuring } from './measure.mjs';

const { mode, folder, url, clientId, clientSecret } = JSON.parse(process.argv[2]);
const QUERY = `query ($after: Cursor) {
  entities(types: [USER], archived: false, sortKey: CREATION_TIME, sortOrder: ASCENDING, first: 1000, after: $after) {
    nodes { entityId primaryDisplayName secondaryDisplayName riskScore ... on UserEntity { emailAddresses } }
    pageInfo { hasNextPage endCursor }
  }
}`;

const file = join(folder, 'raw.db');
if (mode === 'setup') {
  const { migrate, openSqlite } = await import('@drover/store');
  const tables = openSqlite(file);
  await migrate(tables);
  await tables.close();
  process.stdout.write('{}\n');
  process.exit(0);
}

const database = new DatabaseSync(file, { timeout: 5_000 });
database.exec('pragma journal_mode = wal; pragma synchronous = normal');
const insert = (table, columns, conflict = '') =>
  database.prepare(
    `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')}) ${conflict}`,
  );
const object = insert(
  'objects',
  ['seq', 'id', 'type', 'subtype', 'value', 'value_key', 'revision', 'created_at', 'updated_at'],
  'on conflict (value_key, type, subtype) do update set updated_at = excluded.updated_at',
);
const alias = insert(
  'object_aliases',
  ['type', 'alias_key', 'alias', 'object_seq'],
  'on conflict do nothing',
);
const source = insert(
  'object_sources',
  ['object_seq', 'source', 'first_seen_at', 'last_seen_at'],
  'on conflict (object_seq, source) do update set last_seen_at = excluded.last_seen_at',
);
const attribute = insert(
  'attributes',
  ['object_seq', 'name', 'source', 'kind', 'text_value', 'value_key', 'number_value', 'at'],
  'on conflict do update set at = excluded.at',
);
const history = insert('attribute_history', [
  'object_seq',
  'name',
  'source',
  'kind',
  'text_value',
  'mode',
  'at',
  'applied',
]);
const member = insert('collection_members', ['collection_id', 'object_seq'], 'on conflict do nothing');
const seen = insert(
  'feed_objects',
  ['feed_id', 'object_seq', 'seen_pass', 'seen_at'],
  'on conflict (feed_id, object_seq) do update set seen_pass = excluded.seen_pass, seen_at = excluded.seen_at',
);
const checkpoint = insert(
  'counters',
  ['name', 'value'],
  'on conflict (name) do update set value = excluded.value',
);

const measured = startMeasuring();
const form = { client_id: clientId, client_secret: clientSecret };
const { access_token: token } = await got.post(`${url}/oauth2/token`, { form }).json();
const client = got.extend({ headers: { authorization: `Bearer ${token}` }, retry: { limit: 0 } });
let kept = 0;
let after;
do {
  const json = { query: QUERY, variables: { after } };
  const { data } = await client.post(`${url}/identity-protection/combined/graphql/v1`, { json }).json();
  const { nodes, pageInfo } = data.entities;
  database.exec('begin immediate');
  for (const node of nodes) if (node.emailAddresses?.length > 0) keep(node);
  checkpoint.run('raw page', kept);
  database.exec('commit');
  after = pageInfo.hasNextPage ? pageInfo.endCursor : undefined;
} while (after !== undefined);
measured.finish({ kept });
database.close();
process.exit(0);

function keep({ emailAddresses, riskScore, primaryDisplayName, secondaryDisplayName }) {
  const at = Date.now();
  const [value, ...others] = emailAddresses;
  kept += 1;
  const seq = kept;
  object.run(seq, `obj_${seq}`, 'identity', '', value, value, 1, at, at);
  for (const other of others) alias.run('identity', other, other, seq);
  source.run(seq, 'CrowdStrike', at, at);
  member.run('raw', seq);
  seen.run('raw', seq, 1, at);
  const names = [
    ['Display Name', primaryDisplayName],
    ['Account Name', secondaryDisplayName],
  ];
  for (const [name, written] of [...names, ...scoresOf(riskScore)]) {
    const isNumber = typeof written === 'number';
    const [kind, text] = [isNumber ? 'number' : 'string', String(written)];
    attribute.run(seq, name, 'CrowdStrike', kind, text, text, isNumber ? written : null, at);
    history.run(seq, name, 'CrowdStrike', kind, text, 'replace', at, 1);
  }
}

function scoresOf(riskScore) {
  if (riskScore === null) return [];
  const risk = Number(riskScore.toFixed(2));
  const score = Math.round(Math.abs(1 - risk) * 1_000);
  return [
    ['Risk Score', risk],
    ['Netskope Normalized Score', score],
    ['Score Band', score <= 350 ? 'Poor' : score <= 650 ? 'Moderate' : 'Good'],
  ];
}
