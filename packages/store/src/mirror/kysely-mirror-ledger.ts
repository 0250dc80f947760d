import type {
  MirrorConflict,
  MirrorFigures,
  MirrorLedger,
  MirrorOffer,
  MirrorSend,
  SendRules,
} from '@drover/engine';
import type { FeedId, Page, PageRequest } from '@drover/model';
import type { Database } from '../database/database.js';
import { beginSend } from './begin-send.js';
import { listConflicts, listOffers, readFigures, sendingFeeds } from './mirror-queries.js';
import { failSend, settleSend } from './settle-send.js';

/** The mirror ledger over Kysely; one transaction a method. */
export class KyselyMirrorLedger implements MirrorLedger {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  sendingFeeds(): Promise<FeedId[]> {
    return sendingFeeds(this.#database);
  }

  settleSend(id: FeedId, { now }: { now: Date }): Promise<MirrorSend | undefined> {
    return settleSend(this.#database, id, now.getTime());
  }

  beginSend(id: FeedId, rules: SendRules): Promise<MirrorSend | undefined> {
    return beginSend(this.#database, id, rules);
  }

  failSend(
    id: FeedId,
    { now, ...failed }: { begunAt: string; code: string; message: string; now: Date },
  ): Promise<void> {
    return failSend(this.#database, id, { ...failed, now: now.getTime() });
  }

  figures(id: FeedId): Promise<MirrorFigures> {
    return readFigures(this.#database, id);
  }

  offers(id: FeedId, request: PageRequest): Promise<Page<MirrorOffer>> {
    return listOffers(this.#database, id, request);
  }

  conflicts(id: FeedId, request: PageRequest): Promise<Page<MirrorConflict>> {
    return listConflicts(this.#database, id, request);
  }
}
