import type { AttributeChange, ObjectEdit, ObjectLibrary, UpsertOptions, UpsertReport } from '@drover/engine';
import {
  type CollectionId,
  type CollectionQuery,
  type DroverObject,
  Fault,
  type ObjectDraft,
  type ObjectId,
  type Page,
  type PageRequest,
  type RunId,
} from '@drover/model';
import type { Kysely, Transaction } from 'kysely';
import { checkQuery } from '../collections/check-query.js';
import { type MemberSet, memberSetOf } from '../collections/member-set.js';
import { pageOfMembers } from '../collections/members-page.js';
import { takeCollection } from '../collections/take-collection.js';
import { type Database, storableText } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import type { Tables } from '../database/tables.js';
import { fromStoredValue } from './attribute-rules.js';
import { editObject } from './edit-object.js';
import { loadObjects } from './load-objects.js';
import { decodeCursor, encodeCursor, pageLimit } from './page-cursor.js';
import { upsertDrafts } from './upsert.js';
import { valueKey } from './value-key.js';

const MAX_DRAFTS = 1_000;
const MAX_FOUND = 100;

export class KyselyObjectLibrary implements ObjectLibrary {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async upsert(drafts: readonly ObjectDraft[], options: UpsertOptions): Promise<UpsertReport> {
    if (drafts.length > MAX_DRAFTS) {
      throw new Fault(
        'INVALID_ARGUMENT',
        `${drafts.length} drafts at once are too many; write at most ${MAX_DRAFTS} per call.`,
      );
    }
    const { kysely, traits } = this.#database;
    return kysely.transaction().execute(async (trx) => {
      if (options.collectionId !== undefined) await checkFixedList(trx, traits, options.collectionId);
      if (drafts.length === 0) return { created: 0, updated: 0, unchanged: 0, duplicates: 0 };
      return (await upsertDrafts(trx, traits, { drafts, options })).report;
    });
  }

  async get(id: ObjectId): Promise<DroverObject | undefined> {
    const { kysely, traits } = this.#database;
    return kysely.transaction().execute(async (trx) => {
      const seq = await seqOf(trx, id);
      return seq === undefined ? undefined : (await loadObjects(trx, traits, [seq]))[0];
    });
  }

  async find({ type, values }: { type: string; values: readonly string[] }): Promise<DroverObject[]> {
    const keys = values.map((value) => valueKey(storableText(value)));
    if (keys.length === 0) return [];
    const { kysely, traits } = this.#database;
    return kysely.transaction().execute(async (trx) => {
      const rows = await trx
        .selectFrom('objects')
        .select('seq')
        .where('type', '=', type)
        .where((eb) =>
          eb.or([
            eb('value_key', 'in', keys),
            eb('seq', 'in', (inner) =>
              inner
                .selectFrom('object_aliases')
                .select('object_seq')
                .where('type', '=', type)
                .where('alias_key', 'in', keys),
            ),
          ]),
        )
        .orderBy('seq')
        .limit(MAX_FOUND)
        .execute();
      return loadObjects(
        trx,
        traits,
        rows.map(({ seq }) => seq),
      );
    });
  }

  async edit(id: ObjectId, edit: ObjectEdit): Promise<{ object: DroverObject; changed: boolean }> {
    const { kysely, traits } = this.#database;
    return kysely.transaction().execute(async (trx) => {
      const row = await trx
        .selectFrom('objects')
        .select(['seq', 'type'])
        .where('id', '=', storableText(id))
        .executeTakeFirst();
      if (row === undefined) {
        throw new Fault('NOT_FOUND', `There is no object "${id}"; "drover objects list" shows them.`);
      }
      const changed = await editObject(trx, traits, { ...row, edit });
      const [object] = await loadObjects(trx, traits, [row.seq]);
      return { object: object!, changed };
    });
  }

  async list(
    request: PageRequest & { filter?: CollectionQuery; collectionId?: CollectionId },
  ): Promise<Page<DroverObject>> {
    const limit = pageLimit(request);
    const afterSeq = decodeCursor(request.cursor);
    const { kysely, traits } = this.#database;
    return kysely.transaction().execute(async (trx) => {
      const set = await narrow(trx, request);
      // One more than asked for tells whether there is a next page.
      const members = await pageOfMembers({ kysely: trx, traits }, set, { afterSeq, limit: limit + 1 });
      const seqs = members.slice(0, limit).map(({ seq }) => seq);
      const data = await loadObjects(trx, traits, seqs);
      return members.length > limit ? { data, nextCursor: encodeCursor(seqs.at(-1)!) } : { data };
    });
  }

  async history(id: ObjectId): Promise<AttributeChange[]> {
    const rows = await this.#database.kysely
      .selectFrom('objects as o')
      .innerJoin('attribute_history as h', 'h.object_seq', 'o.seq')
      .where('o.id', '=', storableText(id))
      .select(['h.name', 'h.kind', 'h.text_value', 'h.source', 'h.mode', 'h.at', 'h.run_id', 'h.applied'])
      .orderBy('h.at', 'desc')
      .orderBy('h.seq', 'desc')
      .execute();
    return rows.map((row) => ({
      name: row.name,
      value: fromStoredValue(row),
      source: row.source,
      mode: row.mode,
      at: new Date(row.at).toISOString(),
      ...(row.run_id === null ? {} : { runId: row.run_id as RunId }),
      applied: row.applied === 1,
    }));
  }
}

async function seqOf(db: Kysely<Tables>, id: ObjectId): Promise<number | undefined> {
  const row = await db
    .selectFrom('objects')
    .select('seq')
    .where('id', '=', storableText(id))
    .executeTakeFirst();
  return row?.seq;
}

async function narrow(
  db: Kysely<Tables>,
  { filter, collectionId }: { filter?: CollectionQuery; collectionId?: CollectionId },
): Promise<MemberSet> {
  const query = filter === undefined ? undefined : checkQuery(filter);
  if (collectionId === undefined) return query === undefined ? {} : { query };
  const set = memberSetOf(await collectionRow(db, collectionId));
  if (query === undefined) return set;
  return { ...set, query: set.query === undefined ? query : { and: [set.query, query] } };
}

async function collectionRow(db: Kysely<Tables>, id: CollectionId) {
  const row = await db
    .selectFrom('collections')
    .select(['id', 'name', 'kind', 'query'])
    .where('id', '=', storableText(id))
    .executeTakeFirst();
  if (row !== undefined) return row;
  throw new Fault('NOT_FOUND', `There is no collection ${id}; "collection list" shows those that exist.`);
}

async function checkFixedList(
  trx: Transaction<Tables>,
  traits: DialectTraits,
  id: CollectionId,
): Promise<void> {
  const { kind, name } = await takeCollection(trx, traits, { id: storableText(id), as: 'user' });
  if (kind === 'fixed') return;
  throw new Fault(
    'COLLECTION_NOT_FIXED',
    `"${name}" is a saved query and takes no members; import into a fixed list, or widen the query.`,
  );
}
