import type { CollectionQuery } from '@drover/model';
import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { DialectTraits } from '../database/dialect-traits.js';
import type { Tables } from '../database/tables.js';
import { chooseDriver } from './query-driver.js';
import { queryPredicate } from './query-predicate.js';

/** A database, or a transaction in it. */
export interface Reader {
  kysely: Kysely<Tables>;
  traits: DialectTraits;
}

/** A collection as its row has it. */
export interface CollectionRow {
  id: string;
  kind: string;
  /** JSON of a checked query; null for fixed lists. */
  query: string | null;
}

/** The objects that are on a fixed list (if given) and meet a query (if given). */
export interface MemberSet {
  listId?: string;
  query?: CollectionQuery;
}

export function memberSetOf(collection: CollectionRow): MemberSet {
  if (collection.query === null) return { listId: collection.id };
  return { query: JSON.parse(collection.query) as CollectionQuery };
}

/** What is common to all queries over a member set; the object's columns are `o.…`. */
export interface MemberSelection {
  from: RawBuilder<unknown>;
  where: RawBuilder<SqlBool>;
  seq: RawBuilder<number>;
}

export async function selectMembers(
  { kysely, traits }: Reader,
  set: MemberSet,
  now: number,
): Promise<MemberSelection> {
  const context = { traits, now };
  const driver = set.query === undefined ? undefined : await chooseDriver(kysely, set.query, context);
  const conditions: RawBuilder<unknown>[] = [];
  if (set.query !== undefined) conditions.push(sql`${queryPredicate(set.query, context)}`);
  if (set.listId !== undefined && driver === undefined) {
    // A cross join keeps the list outside, in whose key the members are in order.
    return {
      from: sql`collection_members as m cross join objects as o`,
      where: allOf([sql`m.collection_id = ${set.listId}`, sql`o.seq = m.object_seq`, ...conditions]),
      seq: sql`m.object_seq`,
    };
  }
  if (driver !== undefined) conditions.push(sql`o.seq in (${driver})`);
  if (set.listId !== undefined) {
    conditions.push(
      sql`exists (select 1 from collection_members as m where m.collection_id = ${set.listId} and m.object_seq = o.seq)`,
    );
  }
  return {
    from: sql`objects as o ${traits.readByPrimaryKey}`,
    where: allOf(conditions),
    seq: sql`o.seq`,
  };
}

function allOf(conditions: readonly RawBuilder<unknown>[]): RawBuilder<SqlBool> {
  if (conditions.length === 0) return sql`1 = 1`;
  return sql`${sql.join(
    conditions.map((condition) => sql`(${condition})`),
    sql` and `,
  )}`;
}
