import { type Kysely, type RawBuilder, type Transaction, sql } from 'kysely';
import type { Database } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import { preparedQuery } from '../database/prepared-query.js';
import type { Tables } from '../database/tables.js';

/**
 * Room for work over a connection: a plugin has the concurrency of its manifest there, over all of its runs, and the connection may
 * have one of its own, over all plugins and feeds. What counts is in somebody's hands, not what waits.
 */

/** Tasks and pulls in hand. A pull counts for the connection alone: a feed has one at a time anyway. */
const IN_HAND = sql<{ connection_id: string; plugin_id: string | null; n: number }>`(
  select runs.connection_id, runs.plugin_id, count(*) as n
  from tasks join runs on runs.id = tasks.run_id where tasks.status = 'leased'
  group by runs.connection_id, runs.plugin_id
  union all
  select feeds.connection_id, null, count(*) as n
  from pulls join feeds on feeds.id = pulls.feed_id where pulls.ended_at is null and pulls.lease_owner is not null
  group by feeds.connection_id)`;

/** For queries that ask `isFull`: what is in hand is counted once for each of them, however many runs it looks at. */
export function withInHand(db: Kysely<Tables>) {
  return db.with('in_hand', () => IN_HAND);
}

/** Whether the connection takes nothing more, of the row that has its id in this column. Only in a query of `withInHand`. */
export function isConnectionFull(
  id: 'runs.connection_id' | 'feeds.connection_id',
  kept: RawBuilder<number> = sql<number>`0`,
): RawBuilder<boolean> {
  return sql<boolean>`exists (select 1 from connections where connections.id = ${sql.ref(id)}
    and connections.concurrency is not null and connections.concurrency <= ${kept} + (
      select coalesce(sum(n), 0) from in_hand where connection_id = connections.id))`;
}

/** A worker that has a place for a pull looks for one every second. */
const SOUGHT_MS = 3_000;

/**
 * For how many pulls the connection keeps room before a row of `runs`: those that were due when the run last had its turn, and that a
 * worker would take. Whoever settles takes the next batch in the same transaction, so there never was any for them.
 */
function keptForPulls(now: Asking['now']): RawBuilder<number> {
  return sql<number>`(select count(*) from pulls join feeds on feeds.id = pulls.feed_id
    where feeds.connection_id = connections.id and pulls.ended_at is null and pulls.lease_owner is null
      and pulls.due_at <= runs.taken_at and pulls.room_sought_at > cast(${now} as bigint) - ${sql.lit(SOUGHT_MS)})`;
}

/** Whether another open run is of the same plugin over the same connection as a row of `runs`. */
const SHARES_PLUGIN = sql<boolean>`exists (
  select 1 from runs as other where other.ended_at is null and other.connection_id = runs.connection_id
    and other.plugin_id = runs.plugin_id and other.id <> runs.id)`;

/**
 * Whether there is anybody to share the room of a row of `runs` with. Whoever claims for a run that is alone holds nothing of its
 * connection, so that others do not wait for it: one that begins in that very moment may make it one task more than there is room for.
 */
const IS_CONTENDED = sql<boolean>`(runs.one_by_one = 1 or ${SHARES_PLUGIN} or exists (
  select 1 from connections where connections.id = runs.connection_id and connections.concurrency is not null))`;

/**
 * Whether other runs leave the plugin of a row of `runs` nothing more over its connection. A run that is alone has its own limit, and
 * nothing is counted for it. Only in a query of `withInHand`.
 */
export const IS_PLUGIN_FULL: RawBuilder<boolean> = sql<boolean>`(
  ${SHARES_PLUGIN}
  and (select coalesce(sum(n), 0) from in_hand
    where connection_id = runs.connection_id and plugin_id = runs.plugin_id) >= runs.concurrency)`;

/** Whether nothing more of a row of `runs` may be taken in hand by this owner. Only in a query of `withInHand`. */
export function isFull({ owner, now }: Asking): RawBuilder<boolean> {
  const isFullForRun = isConnectionFull('runs.connection_id', keptForPulls(now));
  return sql<boolean>`(${IS_PLUGIN_FULL} or ${isFullForRun} or ${isAnothers(owner)})`;
}

/**
 * Whether another worker has batches of the plugin over the connection in hand whose objects go one by one: the concurrency counts their
 * calls then, and they share it in its process.
 */
function isAnothers(owner: Asking['owner']): RawBuilder<boolean> {
  return sql<boolean>`(runs.one_by_one = 1 and exists (
    select 1 from tasks join runs as held on held.id = tasks.run_id
    where tasks.status = 'leased' and tasks.kind = 'batch' and tasks.lease_owner <> ${owner}
      and held.one_by_one = 1 and held.connection_id = runs.connection_id and held.plugin_id = runs.plugin_id))`;
}

/** Who asks for room, and when. */
export interface Asking {
  owner: string | RawBuilder<string>;
  now: number | RawBuilder<number>;
}

/** For queries that ask for nobody's sake. */
export const NOBODY = sql<string>`''`;

type OfConnection = { id: string };

/**
 * The connection for this transaction alone: until it ends, nobody else takes work over it in hand. Waits for whoever has it, which
 * whoever waits for a run must not have done. SQLite's transactions are alone anyway.
 */
export const awaitConnection = preparedQuery<OfConnection, { id: string }, DialectTraits>(
  (db, { id }, { rowLocks }) => {
    const query = db.selectFrom('connections').select('id').where('id', '=', id);
    return rowLocks ? query.forNoKeyUpdate() : query;
  },
);

/** As `awaitConnection`, where somebody shares the room of the run. */
export const awaitContended = preparedQuery<{ runId: string }, { id: string }, DialectTraits>(
  (db, { runId }, { rowLocks }) => {
    const query = db
      .selectFrom('connections')
      .select('id')
      .where('id', '=', ({ selectFrom }) =>
        selectFrom('runs').select('runs.connection_id').where('runs.id', '=', runId).where(IS_CONTENDED),
      );
    return rowLocks ? query.forNoKeyUpdate() : query;
  },
);

const isContended = preparedQuery<{ runId: string }, { id: string }>((db, { runId }) =>
  db.selectFrom('runs').select('id').where('id', '=', runId).where(IS_CONTENDED),
);

/** As `awaitConnection`, but nothing when somebody else has it. */
const tryConnection = preparedQuery<OfConnection, { id: string }, DialectTraits>(
  (db, { id }, { rowLocks }) => {
    const query = db.selectFrom('connections').select('id').where('id', '=', id);
    return rowLocks ? query.forNoKeyUpdate().skipLocked() : query;
  },
);

const isRunFull = preparedQuery<{ runId: string; owner: string; now: number }, { isFull: number | boolean }>(
  (db, { runId, owner, now }) =>
    withInHand(db)
      .selectFrom('runs')
      .select(isFull({ owner: sql<string>`cast(${owner} as text)`, now }).as('isFull'))
      .where('runs.id', '=', runId),
);

const isFeedFull = preparedQuery<{ feedId: string }, { isFull: number | boolean }>((db, { feedId }) =>
  withInHand(db)
    .selectFrom('feeds')
    .select(isConnectionFull('feeds.connection_id').as('isFull'))
    .where('feeds.id', '=', feedId),
);

/** `busy`: another transaction takes work over the connection in hand just now. */
export type Room = 'free' | 'full' | 'busy';

interface RoomSought {
  connectionId: string;
  /** Wait for whoever has the connection. */
  waits?: boolean;
}

/** Whether this owner may have one more task of the run in hand, which then holds until the transaction ends. */
export async function roomForRun(
  trx: Transaction<Tables>,
  database: Database,
  { runId, owner, now, ...sought }: RoomSought & { runId: string; owner: string; now: number },
): Promise<Room> {
  if ((await isContended(trx, { runId })).length === 0) return 'free';
  if (!(await takeConnection(trx, database, sought))) return 'busy';
  const [row] = await isRunFull(trx, { runId, owner, now });
  return row?.isFull ? 'full' : 'free';
}

/** Whether the feed may have a pull in hand, which then holds until the transaction ends. */
export async function roomForFeed(
  trx: Transaction<Tables>,
  database: Database,
  { feedId, ...sought }: RoomSought & { feedId: string },
): Promise<Room> {
  if (!(await takeConnection(trx, database, sought))) return 'busy';
  const [row] = await isFeedFull(trx, { feedId });
  return row?.isFull ? 'full' : 'free';
}

async function takeConnection(
  trx: Transaction<Tables>,
  { traits }: Database,
  { connectionId: id, waits = false }: RoomSought,
): Promise<boolean> {
  const rows = await (waits ? awaitConnection : tryConnection)(trx, { id }, traits);
  return rows.length > 0;
}
