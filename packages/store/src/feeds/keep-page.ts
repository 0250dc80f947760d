import type { CheckedPage, ClaimedPull, PageReason, PageRules } from '@drover/engine';
import { Fault } from '@drover/model';
import { type UpdateObject, sql } from 'kysely';
import type { Database } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import { askInsert, insertRows } from '../database/insert-rows.js';
import { RoundTrip } from '../database/round-trip.js';
import type { Tables } from '../database/tables.js';
import { MIRROR_COLUMNS, PageMirror } from '../mirror/page-mirror.js';
import { readKnownFacts } from '../objects/known-facts.js';
import { OBJECTS_LOCK, lockObjects } from '../objects/object-rows.js';
import { type StoredTarget, type UpsertWork, upsertDrafts } from '../objects/upsert.js';
import { settleAbsent } from './feed-members.js';
import { type Trx, lockFeed } from './feed-rows.js';

/** Drafts of one upsert: what its statements are made for. */
const UPSERT_DRAFTS = 1_000;

/** Changes the pull where its lease is still the claimer's, and holds its row until the transaction ends. */
export async function whileLeased(
  trx: Trx,
  pull: ClaimedPull,
  changes: UpdateObject<Tables, 'pulls'>,
): Promise<void> {
  const held = await trx
    .updateTable('pulls')
    .set(changes)
    .where('id', '=', pull.id)
    .where('ended_at', 'is', null)
    .where('lease_owner', '=', pull.leaseOwner)
    .where('lease_token', '=', pull.leaseToken)
    .executeTakeFirst();
  if (held.numUpdatedRows > 0n) return;
  throw new Fault('LEASE_LOST', `${pull.id} is another worker’s by now; nothing of this page was kept.`);
}

/** A page with its objects, its checkpoint and its counts, or nothing of it. */
export async function keepPage(
  database: Database,
  pull: ClaimedPull,
  { page, rules }: { page: CheckedPage; rules: PageRules },
): Promise<void> {
  await database.kysely.transaction().execute(async (trx) => {
    // First the feed, then its pull, as everywhere: or two transactions could wait for each other for ever.
    await lockFeed(trx, database, pull.feed.id);
    const progress = { tries: 0, deaths: 0, waiting_since: null };
    await whileLeased(trx, pull, { ...progress, pages: sql<number>`pages + 1` });
    const at = rules.at.getTime();
    const fullPasses = await movePlace(trx, pull.feed.id, page);
    // The full pass that the page belongs to is the one after those that had ended before it.
    const seenPass = page.isComplete ? fullPasses : fullPasses + 1;
    const counts = await keepObjects(trx, database, pull, { page, rules, seenPass });
    const absent = page.isComplete ? await settleAbsent(trx, database, pull.feed, { fullPasses, at }) : 0;
    await trx
      .updateTable('pulls')
      .set({
        created: sql<number>`created + ${counts.created}`,
        updated: sql<number>`updated + ${counts.updated}`,
        unchanged: sql<number>`unchanged + ${counts.unchanged}`,
        duplicates: sql<number>`duplicates + ${counts.duplicates}`,
        rejected: sql<number>`rejected + ${sumOf(page.reasons, 'rejected')}`,
        skipped: sql<number>`skipped + ${sumOf(page.reasons, 'skipped')}`,
        absent: sql<number>`absent + ${absent}`,
      })
      .where('id', '=', pull.id)
      .execute();
    await keepReasons(trx, database, { pullId: pull.id, reasons: page.reasons });
  });
}

/** Stores where to go on; returns how many full passes have ended with the page. */
async function movePlace(trx: Trx, feedId: string, page: CheckedPage): Promise<number> {
  const { full_passes } = await trx
    .updateTable('feeds')
    .set({
      checkpoint: JSON.stringify(page.checkpoint),
      ...(page.isComplete ? { full_passes: sql<number>`full_passes + 1` } : {}),
    })
    .where('id', '=', feedId)
    .returning('full_passes')
    .executeTakeFirstOrThrow();
  return full_passes;
}

async function keepObjects(
  trx: Trx,
  database: Database,
  { feed }: ClaimedPull,
  { page, rules, seenPass }: { page: CheckedPage; rules: PageRules; seenPass: number },
): Promise<{ created: number; updated: number; unchanged: number; duplicates: number }> {
  const counts = { created: 0, updated: 0, unchanged: 0, duplicates: 0 };
  const { source, modes, at } = rules;
  const options = { source, modes, at, collectionId: feed.collectionId };
  const mirror = await PageMirror.open({ trx, database, feed, page: rules });
  const shape: UpsertWork['shape'] = mirror && ((targets) => mirror.shape(targets));
  const { traits } = database;
  if (page.drafts.length > UPSERT_DRAFTS) await lockKnown(trx, traits, page.drafts);
  for (let from = 0; from < page.drafts.length; from += UPSERT_DRAFTS) {
    const drafts = page.drafts.slice(from, from + UPSERT_DRAFTS);
    const { report, made, known } = await upsertDrafts(trx, traits, { drafts, options, shape });
    for (const key of Object.keys(counts) as (keyof typeof counts)[]) counts[key] += report[key];
    const seen = (target: StoredTarget) => [
      feed.id,
      target.seq,
      seenPass,
      at.getTime(),
      null,
      ...(mirror?.cellsOf(target) ?? UNMIRRORED),
    ];
    const trip = new RoundTrip(trx);
    askInsert(trip, traits, { ...SEEN, rows: made.map(seen) });
    askInsert(trip, traits, { ...SEEN, rows: known.map(seen), suffix: SEE_AGAIN });
    await trip.make();
  }
  await mirror?.finish();
  return counts;
}

/**
 * All objects of a page that is written in parts, in one order, as a settlement locks those of its batch: part by part, one would have
 * what the other waits for.
 */
async function lockKnown(trx: Trx, traits: DialectTraits, drafts: CheckedPage['drafts']): Promise<void> {
  await traits.serialize(trx, OBJECTS_LOCK);
  const { objects } = await readKnownFacts(trx, traits, drafts);
  await lockObjects(
    trx,
    traits,
    objects.map(({ seq }) => seq),
  );
}

const SEEN = {
  table: 'feed_objects',
  columns: ['feed_id', 'object_seq', 'seen_pass', 'seen_at', 'absent_at', ...MIRROR_COLUMNS],
} as const;

const UNMIRRORED = MIRROR_COLUMNS.map(() => null);

// By which rules an object is mirrored was settled when it came first.
const SEE_AGAIN = `on conflict (feed_id, object_seq) do update set
  seen_pass = excluded.seen_pass, seen_at = excluded.seen_at, absent_at = null,
  changed_at = coalesce(excluded.changed_at, feed_objects.changed_at),
  shadow = coalesce(excluded.shadow, feed_objects.shadow),
  checked_revision = coalesce(excluded.checked_revision, feed_objects.checked_revision)`;

function sumOf(reasons: readonly PageReason[], kind: PageReason['kind']): number {
  return reasons.reduce((sum, reason) => (reason.kind === kind ? sum + reason.objects : sum), 0);
}

async function keepReasons(
  trx: Trx,
  { traits }: Database,
  { pullId, reasons }: { pullId: string; reasons: readonly PageReason[] },
): Promise<void> {
  await insertRows(trx, traits, {
    table: 'pull_reasons',
    columns: ['pull_id', 'kind', 'reason_key', 'code', 'reason', 'objects'],
    rows: reasons.map(({ kind, code, reason, objects }) => [
      pullId,
      kind,
      kind === 'rejected' ? code : reason,
      code,
      reason,
      objects,
    ]),
    suffix:
      'on conflict (pull_id, kind, reason_key) do update set objects = pull_reasons.objects + excluded.objects',
  });
}
