import type { CollectionQuery } from '@drover/model';
import { type Expression, type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import { storableText } from '../database/database.js';
import type { Tables } from '../database/tables.js';
import { type QueryContext, attributePredicate, columnPredicate } from './query-predicate.js';

/** A query for the `seq` of every object that meets a part of a collection's query, answered by an index alone. */
type Driver = RawBuilder<{ seq: number }>;

/** Reading more than this from an index and sorting it costs more than walking through the library in order. */
const MAX_DRIVEN_OBJECTS = 10_000;

/**
 * The smallest part of the query that an index answers and that must hold for every member, if few objects meet it:
 * then a page is read from those. Otherwise members are dense enough to be met on a walk in the order of `seq`.
 */
export async function chooseDriver(
  db: Kysely<Tables>,
  query: CollectionQuery,
  context: QueryContext,
): Promise<Driver | undefined> {
  let best: { driver: Driver; objects: number } | undefined;
  for (const driver of driversOf(query, context)) {
    const objects = await countUpTo(db, driver, MAX_DRIVEN_OBJECTS + 1);
    if (objects <= MAX_DRIVEN_OBJECTS && objects < (best?.objects ?? Infinity)) best = { driver, objects };
  }
  return best?.driver;
}

/** Every part of the query that an index answers and that no member can miss. */
export function driversOf(query: CollectionQuery, context: QueryContext): Driver[] {
  const parts = conjuncts(query);
  const subtype = parts.find((part) => 'subtype' in part);
  return parts.flatMap((part) => {
    const driver =
      'type' in part && subtype !== undefined
        ? objectsWhere([columnPredicate(part, context), columnPredicate(subtype, context)])
        : driverOf(part, context);
    return driver === undefined ? [] : [driver];
  });
}

function conjuncts(query: CollectionQuery): CollectionQuery[] {
  return 'and' in query ? query.and.flatMap(conjuncts) : [query];
}

/** What every row of `object_sources` and `attributes` meets is said all the same: the indexes are of the rows that do. */
function driverOf(query: CollectionQuery, context: QueryContext): Driver | undefined {
  if ('and' in query) return driversOf(query, context)[0];
  if ('or' in query) {
    const drivers = query.or.map((part) => driverOf(part, context));
    if (drivers.some((driver) => driver === undefined)) return undefined;
    return sql.join(drivers as Driver[], sql` union all `) as Driver;
  }
  if ('not' in query || 'subtype' in query) return undefined;
  if ('source' in query) {
    return sql`select object_seq as seq from object_sources
      where source <> '' and source = ${storableText(query.source)}`;
  }
  if ('attribute' in query) {
    return sql`select a.object_seq as seq from attributes as a
      where a.kind <> '' and ${attributePredicate(query.attribute)}`;
  }
  if ('value' in query && query.value.startsWith('*')) return undefined;
  return objectsWhere([columnPredicate(query, context)]);
}

function objectsWhere(conditions: Expression<SqlBool>[]): Driver {
  return sql`select o.seq from objects as o where ${sql.join(conditions, sql` and `)}`;
}

async function countUpTo(db: Kysely<Tables>, driver: Driver, limit: number): Promise<number> {
  const { rows } = await sql<{ objects: number }>`
    select count(*) as objects from (select seq from (${driver}) as met limit ${limit}) as counted`.execute(
    db,
  );
  return rows[0]!.objects;
}
