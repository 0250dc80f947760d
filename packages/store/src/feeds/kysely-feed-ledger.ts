import type {
  CheckedPage,
  ClaimedPull,
  Feed,
  FeedLedger,
  FeedSettings,
  LogLine,
  MirrorRules,
  PageReason,
  PageRules,
  Pause,
  Pull,
  PullFigures,
  ReapRule,
} from '@drover/engine';
import { NO_MIRROR } from '@drover/engine';
import {
  type EndedRunStatus,
  Fault,
  type FaultRecord,
  type FeedId,
  type Page,
  type PageRequest,
  type PullId,
  isId,
  newId,
} from '@drover/model';
import { type Database, storableText } from '../database/database.js';
import { forgetMirror } from '../mirror/forget-mirror.js';
import { insertRules } from '../mirror/rule-rows.js';
import { closePull } from './close-pull.js';
import { endPull, pausePull } from './end-pull.js';
import { type FeedRow, lockFeed, selectFeeds, toFeed } from './feed-rows.js';
import { keepPage } from './keep-page.js';
import {
  claimPull,
  fireDue,
  openPullOf,
  reapPulls,
  refuseHeld,
  renewPulls,
  requestPull,
} from './pull-queue.js';
import { appendPullLog, findPull, listPulls, listReasons, readPullLog } from './pull-queries.js';

const MAX_NAME_LENGTH = 200;

/** The feed ledger over Kysely; one transaction a method. */
export class KyselyFeedLedger implements FeedLedger {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async create(settings: FeedSettings, { now }: { now: Date }): Promise<Feed> {
    const row = newFeed(settings, now.getTime());
    await this.#database.kysely.transaction().execute(async (trx) => {
      const collection = await trx
        .selectFrom('collections')
        .select(['kind', 'name'])
        .where('id', '=', row.collection_id)
        .executeTakeFirst();
      if (collection === undefined) {
        throw new Fault('NOT_FOUND', `There is no collection ${row.collection_id} for the feed.`);
      }
      if (collection.kind !== 'fixed') {
        throw new Fault(
          'COLLECTION_NOT_FIXED',
          `"${collection.name}" is a saved query and takes no members; give the feed a fixed list.`,
          { path: '/collection' },
        );
      }
      const made = await trx
        .insertInto('feeds')
        .values(row)
        .onConflict((conflict) => conflict.column('name').doNothing())
        .returning('id')
        .executeTakeFirst();
      if (made !== undefined) {
        const rules = settings.mirror ?? NO_MIRROR;
        await insertRules(trx, { feedId: row.id, version: row.mirror_version, rules });
        return;
      }
      throw new Fault('FEED_EXISTS', `There is a feed "${row.name}" already; choose another name.`, {
        path: '/name',
      });
    });
    return (await this.find(row.id))!;
  }

  async find(ref: string): Promise<Feed | undefined> {
    const row = await selectFeeds(this.#database.kysely)
      .where(isId('feed', ref) ? 'f.id' : 'f.name', '=', storableText(ref))
      .executeTakeFirst();
    return row === undefined ? undefined : toFeed(row);
  }

  async list(): Promise<Feed[]> {
    const rows = await selectFeeds(this.#database.kysely).orderBy('f.name').execute();
    return rows.map(toFeed);
  }

  async setStatus(id: FeedId, status: Feed['status']): Promise<void> {
    await this.#database.kysely.updateTable('feeds').set({ status }).where('id', '=', id).execute();
  }

  async setMirror(
    id: FeedId,
    { rules, config }: { rules: MirrorRules; config: Record<string, unknown> },
  ): Promise<void> {
    await this.#database.kysely.transaction().execute(async (trx) => {
      const feed = await lockFeed(trx, this.#database, id);
      if (feed === undefined) throw new Fault('NOT_FOUND', `There is no feed ${id}.`);
      const version = feed.mirror_version + 1;
      await insertRules(trx, { feedId: id, version, rules });
      const changes = { mirror_version: version, mirror_config: JSON.stringify(config) };
      await trx.updateTable('feeds').set(changes).where('id', '=', id).execute();
    });
  }

  async remove(id: FeedId, { now }: { now: Date }): Promise<void> {
    await this.#database.kysely.transaction().execute(async (trx) => {
      const feed = await lockFeed(trx, this.#database, id);
      if (feed === undefined) return;
      const open = await openPullOf(trx, id);
      if (open !== undefined) {
        refuseHeld(open, { feed, now: now.getTime(), what: 'cannot be removed' });
        await closePull(trx, open.id, { status: 'cancelled', now: now.getTime() });
      }
      const pulls = trx.selectFrom('pulls').select('id').where('feed_id', '=', id);
      await trx.deleteFrom('pull_reasons').where('pull_id', 'in', pulls).execute();
      await trx.deleteFrom('pull_log').where('pull_id', 'in', pulls).execute();
      await trx.deleteFrom('pulls').where('feed_id', '=', id).execute();
      await trx.deleteFrom('feed_objects').where('feed_id', '=', id).execute();
      await forgetMirror(trx, feed);
      await trx.deleteFrom('feeds').where('id', '=', id).execute();
    });
  }

  request(id: FeedId, { now, restart }: { now: Date; restart: boolean }): Promise<PullId> {
    return requestPull(this.#database, id, { now: now.getTime(), restart });
  }

  pull(id: PullId, { now }: { now: Date }): Promise<Pull | undefined> {
    return findPull(this.#database, id, now.getTime());
  }

  pulls(id: FeedId, { now, ...page }: PageRequest & { now: Date }): Promise<Page<Pull>> {
    return listPulls(this.#database, id, { ...page, now: now.getTime() });
  }

  reasons(id: PullId): Promise<PageReason[]> {
    return listReasons(this.#database, id);
  }

  log(id: PullId, afterSeq: number): Promise<{ seq: number; line: LogLine }[]> {
    return readPullLog(this.#database, id, afterSeq);
  }

  fireDue({ now }: { now: Date }): Promise<number> {
    return fireDue(this.#database, now.getTime());
  }

  claim({ owner, leaseMs, now }: { owner: string; leaseMs: number; now: Date }) {
    return claimPull(this.#database, { owner, leaseMs, now: now.getTime() });
  }

  renew(
    owner: string,
    pulls: readonly PullId[],
    { leaseMs, now }: { leaseMs: number; now: Date },
  ): Promise<PullId[]> {
    return renewPulls(this.#database, { owner, pulls, until: now.getTime() + leaseMs });
  }

  reap({ now, ...whose }: { now: Date } & ReapRule): Promise<number> {
    return reapPulls(this.#database, { ...whose, now: now.getTime() });
  }

  keepPage(pull: ClaimedPull, page: CheckedPage, rules: PageRules): Promise<void> {
    return keepPage(this.#database, pull, { page, rules });
  }

  appendLog(pull: ClaimedPull, lines: readonly LogLine[], { now }: { now: Date }): Promise<void> {
    return appendPullLog(this.#database, { pull, lines, now: now.getTime() });
  }

  pause(pull: ClaimedPull, pause: Pause): Promise<void> {
    return pausePull(this.#database, pull, pause);
  }

  end(
    pull: ClaimedPull,
    end: { fault?: FaultRecord; figures: PullFigures; now: Date },
  ): Promise<EndedRunStatus> {
    return endPull(this.#database, pull, end);
  }
}

function newFeed(settings: FeedSettings, now: number): FeedRow {
  return {
    id: newId('feed'),
    name: checkName(settings.name),
    plugin_id: settings.pluginId,
    connection_id: settings.connectionId,
    collection_id: settings.collectionId,
    config: JSON.stringify(settings.config),
    status: 'enabled',
    every_ms: settings.everyMs,
    due_at: now,
    failures: 0,
    absent_after: settings.absentAfter,
    retention_days: settings.retentionDays ?? null,
    checkpoint: null,
    full_passes: 0,
    synced_at: null,
    mirror_version: 1,
    mirror_config: JSON.stringify(settings.mirrorConfig ?? {}),
    mirror_collection_id: null,
    mirrored_in: 0,
    mirrored_out: 0,
    created_at: now,
  };
}

function checkName(name: string): string {
  const fits = name.trim() === name && name !== '' && name.length <= MAX_NAME_LENGTH;
  if (fits && !isId('feed', name)) return storableText(name);
  throw new Fault(
    'INVALID_ARGUMENT',
    `"${name}" cannot be a feed's name: give 1 to ${MAX_NAME_LENGTH} characters, no space around them, and not the form of an id.`,
    { path: '/name' },
  );
}
