import type { ClaimedPull, ReapRule } from '@drover/engine';
import { Fault, type PullId, type Trigger, newId } from '@drover/model';
import { sql } from 'kysely';
import type { Database } from '../database/database.js';
import { isOver } from '../leases/is-over.js';
import { type FeedRow, type PullRow, type Trx, lockFeed, selectFeeds, toClaimedPull } from './feed-rows.js';
import { isConnectionFull, roomForFeed, withInHand } from '../runs/room.js';
import { closePull } from './close-pull.js';

/** Workers that a pull may lose without a page in between. */
const MAX_DEATHS = 5;

export function newPull(feed: FeedRow, { trigger, now }: { trigger: Trigger; now: number }): PullRow {
  return {
    id: newId('pull'),
    feed_id: feed.id,
    status: 'queued',
    trigger,
    attempt: 0,
    tries: 0,
    deaths: 0,
    due_at: now,
    waiting_since: null,
    lease_owner: null,
    lease_token: 0,
    lease_until: null,
    room_sought_at: null,
    pages: 0,
    created: 0,
    updated: 0,
    unchanged: 0,
    duplicates: 0,
    rejected: 0,
    skipped: 0,
    absent: 0,
    forgotten: 0,
    vendor_calls: 0,
    waited_ms: 0,
    fault: null,
    created_at: now,
    started_at: null,
    ended_at: null,
  };
}

export function openPullOf(trx: Trx, feedId: string): Promise<PullRow | undefined> {
  return trx
    .selectFrom('pulls')
    .selectAll()
    .where('feed_id', '=', feedId)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
}

/** The feed's open pull, or a new one, due now. */
export async function requestPull(
  database: Database,
  feedId: string,
  { now, restart }: { now: number; restart: boolean },
): Promise<PullId> {
  return database.kysely.transaction().execute(async (trx) => {
    const feed = await lockFeed(trx, database, feedId);
    if (feed === undefined) throw new Fault('NOT_FOUND', `There is no feed ${feedId}.`);
    const open = await openPullOf(trx, feedId);
    if (open !== undefined && !restart) {
      await trx.updateTable('pulls').set({ due_at: now }).where('id', '=', open.id).execute();
      return open.id as PullId;
    }
    if (open !== undefined) {
      refuseHeld(open, { feed, now, what: 'cannot start over' });
      await closePull(trx, open.id, { status: 'cancelled', now });
    }
    if (restart) {
      const fresh = { checkpoint: null, synced_at: null };
      await trx.updateTable('feeds').set(fresh).where('id', '=', feedId).execute();
    }
    const pull = newPull(feed, { trigger: 'manual', now });
    await trx.insertInto('pulls').values(pull).execute();
    return pull.id as PullId;
  });
}

/** Faults: `PULL_IN_PROGRESS` while a worker may be at it. */
export function refuseHeld(
  pull: PullRow,
  { feed, now, what }: { feed: FeedRow; now: number; what: string },
): void {
  if (pull.lease_until === null || pull.lease_until < now) return;
  throw new Fault(
    'PULL_IN_PROGRESS',
    `${pull.id} of the feed "${feed.name}" is in progress, so it ${what}; wait for its end.`,
    { path: pull.id },
  );
}

/** Queues one pull for each feed that is due and has none open; its next time is the first on its grid after now. */
export async function fireDue(database: Database, now: number): Promise<number> {
  const due = await database.kysely
    .selectFrom('feeds as f')
    .select('f.id')
    .where('f.status', '=', 'enabled')
    .where('f.due_at', '<=', now)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('pulls as p')
            .select('p.id')
            .whereRef('p.feed_id', '=', 'f.id')
            .where('p.ended_at', 'is', null),
        ),
      ),
    )
    .execute();
  let fired = 0;
  for (const { id } of due) if (await fire(database, id, now)) fired += 1;
  return fired;
}

function fire(database: Database, feedId: string, now: number): Promise<boolean> {
  return database.kysely.transaction().execute(async (trx) => {
    const feed = await lockFeed(trx, database, feedId);
    if (feed === undefined || feed.status !== 'enabled' || feed.due_at > now) return false;
    if ((await openPullOf(trx, feedId)) !== undefined) return false;
    const missed = Math.floor((now - feed.due_at) / feed.every_ms);
    const dueAt = feed.due_at + (missed + 1) * feed.every_ms;
    await trx.updateTable('feeds').set({ due_at: dueAt }).where('id', '=', feedId).execute();
    await trx
      .insertInto('pulls')
      .values(newPull(feed, { trigger: 'schedule', now }))
      .execute();
    return true;
  });
}

export async function claimPull(
  database: Database,
  { owner, leaseMs, now }: { owner: string; leaseMs: number; now: number },
): Promise<ClaimedPull | undefined> {
  return database.kysely.transaction().execute(async (trx) => {
    const query = withInHand(trx)
      .selectFrom('pulls')
      .innerJoin('feeds', 'feeds.id', 'pulls.feed_id')
      .innerJoin('connections', 'connections.id', 'feeds.connection_id')
      .selectAll('pulls')
      .select(['connections.id as connection_id', 'connections.concurrency'])
      .where('pulls.ended_at', 'is', null)
      .where('pulls.lease_owner', 'is', null)
      .where('pulls.due_at', '<=', now)
      .where(({ not }) => not(isConnectionFull('feeds.connection_id')))
      .orderBy('pulls.due_at')
      .orderBy('pulls.id')
      .limit(1);
    const found = await (
      database.traits.rowLocks ? query.forUpdate('pulls').skipLocked() : query
    ).executeTakeFirst();
    if (found === undefined) {
      await seekRoom(trx, database, now);
      return undefined;
    }
    const { connection_id: connectionId, concurrency, ...row } = found;
    if (concurrency !== null && database.traits.rowLocks) {
      const room = await roomForFeed(trx, database, { feedId: row.feed_id, connectionId, waits: true });
      if (room !== 'free') return undefined;
    }
    const held: PullRow = {
      ...row,
      status: 'running',
      attempt: row.attempt + 1,
      lease_owner: owner,
      lease_token: row.lease_token + 1,
      lease_until: now + leaseMs,
      started_at: row.started_at ?? now,
    };
    const { status, attempt, lease_owner, lease_token, lease_until, started_at } = held;
    await trx
      .updateTable('pulls')
      .set({ status, attempt, lease_owner, lease_token, lease_until, started_at, fault: null })
      .where('id', '=', row.id)
      .execute();
    const feed = await selectFeeds(trx).where('f.id', '=', row.feed_id).executeTakeFirstOrThrow();
    return toClaimedPull(held, feed);
  });
}

/** How often it is noted at most. */
const SEEK_MS = 500;

/** Notes of the pulls that have no room that a worker would take them. */
async function seekRoom(trx: Trx, { traits }: Database, now: number): Promise<void> {
  await trx
    .updateTable('pulls')
    .set({ room_sought_at: now })
    .where('id', 'in', ({ selectFrom }) => {
      const waiting = selectFrom('pulls')
        .select('id')
        .where('ended_at', 'is', null)
        .where('lease_owner', 'is', null)
        .where('due_at', '<=', now)
        .where(({ or, eb }) =>
          or([eb('room_sought_at', 'is', null), eb('room_sought_at', '<=', now - SEEK_MS)]),
        );
      return traits.rowLocks ? waiting.forUpdate().skipLocked() : waiting;
    })
    .execute();
}

export async function renewPulls(
  database: Database,
  { owner, pulls, until }: { owner: string; pulls: readonly PullId[]; until: number },
): Promise<PullId[]> {
  if (pulls.length === 0) return [];
  const rows = await database.kysely
    .updateTable('pulls')
    .set({ lease_until: until })
    .where('lease_owner', '=', owner)
    .where('id', 'in', pulls)
    .where('ended_at', 'is', null)
    .returning('id')
    .execute();
  return rows.map(({ id }) => id as PullId);
}

/** Frees pulls whose lease has run out, and those that the rule names; the ones that kill their workers fail. */
export async function reapPulls(
  database: Database,
  { now, ...rule }: { now: number } & ReapRule,
): Promise<number> {
  const freed = await database.kysely
    .updateTable('pulls')
    .set({
      status: 'queued',
      lease_owner: null,
      lease_until: null,
      lease_token: sql<number>`lease_token + 1`,
      deaths: sql<number>`deaths + 1`,
      due_at: now,
    })
    .where('ended_at', 'is', null)
    .where('lease_owner', 'is not', null)
    .where((where) => isOver(where, now, rule))
    .returning(['id', 'feed_id', 'deaths'])
    .execute();
  for (const pull of freed) if (pull.deaths >= MAX_DEATHS) await giveUp(database, { ...pull, now });
  return freed.length;
}

function giveUp(
  database: Database,
  { id, feed_id, deaths, now }: { id: string; feed_id: string; deaths: number; now: number },
): Promise<void> {
  const message = `${deaths} workers died over ${id}, one after the other, without a page.`;
  return database.kysely.transaction().execute(async (trx) => {
    await lockFeed(trx, database, feed_id);
    const freed = trx
      .selectFrom('pulls')
      .select('id')
      .where('id', '=', id)
      .where('ended_at', 'is', null)
      .where('lease_owner', 'is', null);
    // Somebody may have claimed it once more.
    const rows = await (database.traits.rowLocks ? freed.forUpdate() : freed).execute();
    if (rows.length === 0) return;
    await closePull(trx, id, { status: 'failed', now, fault: { code: 'WORKER_LOST', message } });
    await backOff(trx, feed_id, now);
  });
}

/** Longest time that a failing feed is put off. */
const MAX_BACK_OFF_MS = 24 * 3_600_000;

/** Puts a failing feed's next pull off: twice the interval after the second failure, four times after the third, … */
export async function backOff(trx: Trx, feedId: string, now: number): Promise<void> {
  const feed = await trx.selectFrom('feeds').selectAll().where('id', '=', feedId).executeTakeFirst();
  if (feed === undefined) return;
  const failures = feed.failures + 1;
  const waitMs = Math.max(
    feed.every_ms,
    Math.min(MAX_BACK_OFF_MS, feed.every_ms * 2 ** Math.min(failures - 1, 16)),
  );
  await trx
    .updateTable('feeds')
    .set({ failures, due_at: Math.max(feed.due_at, now + waitMs) })
    .where('id', '=', feedId)
    .execute();
}
