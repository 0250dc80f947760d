import type { MirrorRules, MirrorSend, SendRules } from '@drover/engine';
import { type AttributeValue, newId } from '@drover/model';
import { sql } from 'kysely';
import { type Database, rowsFrom } from '../database/database.js';
import { type InsertCell, insertRows } from '../database/insert-rows.js';
import { type FeedRow, type Trx, lockFeed } from '../feeds/feed-rows.js';
import { openSendOf, toSend } from './open-send.js';
import { LatestValues } from './latest-values.js';
import { lookAgain } from './look-again.js';
import { goesOut, namesHere, outwardName, readRules } from './rule-rows.js';
import { isLocalChange, readShadow } from './shadow.js';

/** Objects looked through in one transaction at most; the next look goes on. */
const MOST_EXAMINED = 10_000;
const EXAMINE_PAGE = 500;

/** Opens a send over what has changed here, as far as there is something, or returns the open one. */
export async function beginSend(
  database: Database,
  feedId: string,
  rules: SendRules,
): Promise<MirrorSend | undefined> {
  return database.kysely.transaction().execute(async (trx) => {
    const feed = await lockFeed(trx, database, feedId);
    if (feed === undefined) return undefined;
    const open = await openSendOf(trx, feedId);
    if (open !== undefined) return toSend(trx, open);
    if (await isPulled(trx, feedId, rules.now)) return undefined;
    await lookAgain(trx, { feedId, now: rules.now.getTime() });
    const offers = await new Examination({ trx, database, feed, rules }).run();
    if (offers.length === 0) return undefined;
    const collectionId = await listOf(trx, database, { feed, offers, now: rules.now.getTime() });
    const send = {
      feed_id: feedId,
      collection_id: collectionId,
      run_id: null,
      created_at: rules.now.getTime(),
    };
    await trx.insertInto('mirror_sends').values(send).execute();
    await insertOffers(trx, database, { feedId, offers, now: rules.now.getTime() });
    return toSend(trx, send);
  });
}

/** What a pull is about to bring may settle what would be sent. */
async function isPulled(trx: Trx, feedId: string, now: Date): Promise<boolean> {
  const held = await trx
    .selectFrom('pulls')
    .select('id')
    .where('feed_id', '=', feedId)
    .where('ended_at', 'is', null)
    .where('lease_until', '>=', now.getTime())
    .executeTakeFirst();
  return held !== undefined;
}

type Values = Record<string, AttributeValue>;

interface Offer {
  seq: number;
  offered: Values;
  base: Values;
}

interface Candidate {
  object_seq: number;
  shadow: string | null;
  mirror_version: number;
  revision: number;
  status: string | null;
  offered: string | null;
  retry_at: number | null;
}

/** Looks through objects whose revision moved since they were last looked through, and those whose failure is due again. */
class Examination {
  readonly #place: { trx: Trx; database: Database; feed: FeedRow; rules: SendRules };
  readonly #offers: Offer[] = [];
  readonly #settled: number[] = [];

  constructor(place: { trx: Trx; database: Database; feed: FeedRow; rules: SendRules }) {
    this.#place = place;
  }

  async run(): Promise<Offer[]> {
    const { trx, feed, rules } = this.#place;
    const byVersion = await readRules(trx, feed.id);
    const versions = [...byVersion].filter(([, one]) => goesOut(one)).map(([version]) => version);
    if (versions.length === 0) return [];
    let after = 0;
    for (let examined = 0; examined < MOST_EXAMINED && this.#offers.length < rules.objects;) {
      const room = Math.min(EXAMINE_PAGE, rules.objects - this.#offers.length);
      const page = await this.#candidates(versions, { after, limit: room });
      await this.#examine(page, byVersion);
      if (page.length < room) break;
      after = page.at(-1)!.object_seq;
      examined += page.length;
    }
    await this.#dropSettled();
    return this.#offers;
  }

  #candidates(
    versions: readonly number[],
    { after, limit }: { after: number; limit: number },
  ): Promise<Candidate[]> {
    const { trx, feed, rules } = this.#place;
    return trx
      .selectFrom('feed_objects as b')
      .innerJoin('objects as o', 'o.seq', 'b.object_seq')
      .leftJoin('mirror_offers as f', (join) =>
        join.onRef('f.feed_id', '=', 'b.feed_id').onRef('f.object_seq', '=', 'b.object_seq'),
      )
      .select(['b.object_seq', 'b.shadow', 'o.revision', 'f.status', 'f.offered', 'f.retry_at'])
      .select(sql<number>`b.mirror_version`.as('mirror_version'))
      .where('b.feed_id', '=', feed.id)
      .where('b.object_seq', '>', after)
      .where('b.mirror_version', 'in', versions)
      .where(({ or, eb, and }) =>
        or([
          eb('b.checked_revision', 'is', null),
          eb('b.checked_revision', '<>', eb.ref('o.revision')),
          and([eb('f.status', '=', 'failed'), eb('f.retry_at', '<=', rules.now.getTime())]),
        ]),
      )
      .where(({ or, eb }) =>
        or([eb('f.status', 'is', null), eb('f.status', 'not in', ['sending', 'unknown'])]),
      )
      .orderBy('b.object_seq')
      .limit(limit)
      .execute();
  }

  async #examine(page: readonly Candidate[], byVersion: ReadonlyMap<number, MirrorRules>): Promise<void> {
    const { trx, database, feed, rules } = this.#place;
    const seqs = page.map((candidate) => candidate.object_seq);
    const latest = await LatestValues.read(trx, database.traits, {
      seqs,
      names: namesHere(byVersion.values(), rules.fields),
      source: rules.source,
    });
    for (const candidate of page) this.#take(candidate, byVersion.get(candidate.mirror_version)!, latest);
    if (page.length === 0) return;
    const rows = page.map(({ object_seq: seq, revision }) => ({ seq, revision }));
    const checked = rowsFrom(database.traits, { seq: 'bigint', revision: 'integer' }, rows);
    await sql`update feed_objects set checked_revision = checked.revision from ${checked} as checked
      where feed_objects.feed_id = ${feed.id} and feed_objects.object_seq = checked.seq`.execute(trx);
  }

  #take(candidate: Candidate, mirror: MirrorRules, latest: LatestValues): void {
    const { fields, source, now } = this.#place.rules;
    const { object_seq: seq } = candidate;
    const shadow = readShadow(candidate.shadow);
    const offered: Values = {};
    const base: Values = {};
    let isChanged = false;
    for (const name of fields) {
      const field = shadow.fields[name];
      const value = latest.of(seq, outwardName(mirror, name));
      if (value !== undefined) offered[name] = value.value;
      if (field?.agreed !== undefined) base[name] = field.agreed;
      isChanged ||= isLocalChange(value, { field, source });
    }
    if (!isChanged) {
      if (candidate.status !== null) this.#settled.push(seq);
      return;
    }
    const isSame = candidate.offered === JSON.stringify(offered);
    const isDue = candidate.status === 'failed' && (candidate.retry_at ?? 0) <= now.getTime();
    if (isSame && !isDue) return;
    this.#offers.push({ seq, offered, base });
  }

  /** What was refused or failed, and is as the vendor has it by now, needs no telling any more. */
  async #dropSettled(): Promise<void> {
    const { trx, database, feed } = this.#place;
    if (this.#settled.length === 0) return;
    const rows = this.#settled.map((seq) => ({ seq }));
    const gone = rowsFrom(database.traits, { seq: 'bigint' }, rows);
    await sql`delete from mirror_offers where feed_id = ${feed.id}
      and object_seq in (select seq from ${gone} as gone)`.execute(trx);
  }
}

/** The feed's list for sends, holding exactly the objects that are offered. */
async function listOf(
  trx: Trx,
  { traits }: Database,
  { feed, offers, now }: { feed: FeedRow; offers: readonly Offer[]; now: number },
): Promise<string> {
  const known = await trx
    .selectFrom('collections')
    .select('id')
    .where('id', '=', feed.mirror_collection_id ?? '')
    .executeTakeFirst();
  const id = known?.id ?? (await makeList(trx, { feed, now }));
  await trx.deleteFrom('collection_members').where('collection_id', '=', id).execute();
  await insertRows(trx, traits, {
    table: 'collection_members',
    columns: ['collection_id', 'object_seq'],
    rows: offers.map(({ seq }) => [id, seq]),
  });
  return id;
}

async function makeList(trx: Trx, { feed, now }: { feed: FeedRow; now: number }): Promise<string> {
  const id = newId('collection');
  const name = `mirror of ${feed.name}`;
  const taken = await trx.selectFrom('collections').select('id').where('name', '=', name).executeTakeFirst();
  await trx
    .insertInto('collections')
    .values({
      id,
      name: taken === undefined ? name : `${name} ${feed.id}`,
      kind: 'fixed',
      query: null,
      created_at: now,
    })
    .execute();
  await trx.updateTable('feeds').set({ mirror_collection_id: id }).where('id', '=', feed.id).execute();
  return id;
}

async function insertOffers(
  trx: Trx,
  { traits }: Database,
  { feedId, offers, now }: { feedId: string; offers: readonly Offer[]; now: number },
): Promise<void> {
  await insertRows(trx, traits, {
    table: 'mirror_offers',
    columns: ['feed_id', 'object_seq', 'status', 'offered', 'base', 'failures', 'at'],
    rows: offers.map(({ seq, offered, base }): InsertCell[] => [
      feedId,
      seq,
      'sending',
      JSON.stringify(offered),
      JSON.stringify(base),
      0,
      now,
    ]),
    suffix: OFFER_AGAIN,
  });
}

const OFFER_AGAIN = `on conflict (feed_id, object_seq) do update set
  status = excluded.status, base = excluded.base, at = excluded.at,
  failures = case when mirror_offers.offered = excluded.offered then mirror_offers.failures else 0 end,
  offered = excluded.offered, pass_id = null, run_id = null, code = null, message = null, retry_at = null`;
