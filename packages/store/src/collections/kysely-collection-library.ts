import type { CollectionLibrary, StoredCollection } from '@drover/engine';
import { type CollectionId, type CollectionQuery, Fault, isId, newId } from '@drover/model';
import type { Selectable } from 'kysely';
import { type Database, storableText } from '../database/database.js';
import type { Tables } from '../database/tables.js';
import { checkQuery } from './check-query.js';
import { countMembers, countMembersByType } from './member-counts.js';
import { memberSetOf } from './member-set.js';
import { takeCollection } from './take-collection.js';

type Row = Selectable<Tables['collections']>;

const MAX_NAME_LENGTH = 200;

export class KyselyCollectionLibrary implements CollectionLibrary {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async create(
    input: { name: string; kind: 'fixed' } | { name: string; kind: 'query'; query: CollectionQuery },
  ): Promise<StoredCollection> {
    const row: Row = {
      id: newId('collection'),
      name: checkName(input.name),
      kind: input.kind,
      query: input.kind === 'query' ? JSON.stringify(checkQuery(input.query)) : null,
      created_at: Date.now(),
    };
    const made = await this.#database.kysely
      .insertInto('collections')
      .values(row)
      .onConflict((conflict) => conflict.column('name').doNothing())
      .returning('id')
      .executeTakeFirst();
    if (made !== undefined) return toCollection(row);
    throw new Fault(
      'COLLECTION_EXISTS',
      `There is a collection "${row.name}" already; choose another name or remove that one first.`,
    );
  }

  async find(ref: string): Promise<StoredCollection | undefined> {
    const row = await this.#row(ref);
    return row === undefined ? undefined : toCollection(row);
  }

  async list(): Promise<(StoredCollection & { objects: number })[]> {
    const rows = await this.#database.kysely.selectFrom('collections').selectAll().orderBy('name').execute();
    const collections = [];
    for (const row of rows) {
      const objects = await countMembers(this.#database, memberSetOf(row));
      collections.push({ ...toCollection(row), objects });
    }
    return collections;
  }

  async count(id: CollectionId): Promise<number> {
    return countMembers(this.#database, memberSetOf(await this.#existing(id)));
  }

  async countByType(id: CollectionId): Promise<{ type: string; subtype?: string; objects: number }[]> {
    const counts = await countMembersByType(this.#database, memberSetOf(await this.#existing(id)));
    return counts.map(({ type, subtype, objects }) => ({
      type,
      ...(subtype === '' ? {} : { subtype }),
      objects,
    }));
  }

  async remove(id: CollectionId): Promise<void> {
    const { kysely, traits } = this.#database;
    await kysely.transaction().execute(async (trx) => {
      // Whoever offers it, or brings members, has the row as well.
      const { name } = await takeCollection(trx, traits, { id, as: 'owner' });
      const open = await trx
        .selectFrom('passes')
        .select('id')
        .where('collection_id', '=', id)
        .where('status', 'in', ['freezing', 'open'])
        .where('mode', '=', 'apply')
        .executeTakeFirst();
      if (open !== undefined) {
        throw new Fault(
          'COLLECTION_IN_USE',
          `${open.id} over the collection "${name}" is open; run its action until nothing remains, then remove it.`,
          { path: open.id },
        );
      }
      await trx.deleteFrom('collection_members').where('collection_id', '=', id).execute();
      await trx.deleteFrom('collections').where('id', '=', id).execute();
    });
  }

  #row(ref: string): Promise<Row | undefined> {
    return this.#database.kysely
      .selectFrom('collections')
      .selectAll()
      .where(isId('collection', ref) ? 'id' : 'name', '=', storableText(ref))
      .executeTakeFirst();
  }

  async #existing(id: CollectionId): Promise<Row> {
    const row = await this.#row(id);
    if (row !== undefined) return row;
    throw new Fault('NOT_FOUND', `There is no collection ${id}; "collection list" shows those that exist.`);
  }
}

function checkName(name: string): string {
  const fits = name.trim() === name && name !== '' && name.length <= MAX_NAME_LENGTH;
  if (fits && !isId('collection', name)) return storableText(name);
  throw new Fault(
    'INVALID_ARGUMENT',
    `"${name}" cannot be a collection's name: give 1 to ${MAX_NAME_LENGTH} characters, no space around them, and not the form of an id.`,
    { path: '/name' },
  );
}

function toCollection(row: Row): StoredCollection {
  return {
    id: row.id as CollectionId,
    name: row.name,
    kind: row.kind as StoredCollection['kind'],
    ...(row.query === null ? {} : { query: JSON.parse(row.query) as CollectionQuery }),
    createdAt: new Date(row.created_at).toISOString(),
  };
}
