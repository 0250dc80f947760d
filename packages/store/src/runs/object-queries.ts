import { type Compilable, type Kysely, type RawBuilder, sql } from 'kysely';
import type { DialectTraits } from '../database/dialect-traits.js';
import { preparedQuery } from '../database/prepared-query.js';
import type { Tables } from '../database/tables.js';

export interface ItemRow {
  position: number;
  object_seq: number;
  id: string | null;
  type: string | null;
  subtype: string | null;
  value: string | null;
  status: string | null;
  revision: number | null;
}

/** Where positions of a pass begin and end: as numbers, or as what finds them. */
interface Place {
  passId: string;
  from: number | RawBuilder<number>;
  to: number | RawBuilder<number>;
}

/** Positions of a pass. */
type RangePlace = { passId: string; from: number; to: number };
/** The positions of a task with one range, which may be made in the same trip. */
type TaskPlace = { passId: string; taskId: string; objects: number };
/** Whose quarantine counts. */
type Plugin = { pluginId: string; digest: string };

/** Whether a column is an object at these positions of a pass. */
function amongItems(traits: DialectTraits, { passId, from, to }: Place): RawBuilder<boolean> {
  const items = sql`select object_seq from pass_items
    where pass_id = ${passId} and position >= ${from} and position < ${to}`;
  return traits.isAmong(sql.ref('object_seq'), items);
}

export interface AttributeRow {
  object_seq: number;
  name: string;
  source: string;
  kind: string;
  text_value: string;
  number_value: number | null;
}

export interface AliasRow {
  object_seq: number;
  alias: string;
}

export interface HeldRow {
  object_seq: number;
  revision: number;
}

/** Parameters of a query. */
export type Parameters = Record<string, string | number>;

/** The queries for what belongs to the objects at some positions, which `placeOf` makes of their parameters. */
function objectQueries<Where extends Parameters>(
  placeOf: (where: Where) => Place,
  items: (db: Kysely<Tables>, place: Place) => Compilable<ItemRow>,
) {
  return {
    items: preparedQuery<Where, ItemRow>((db, where) => items(db, placeOf(where))),
    attributes: preparedQuery<Where, AttributeRow, DialectTraits>((db, where, traits) =>
      db
        .selectFrom('attributes')
        .where(amongItems(traits, placeOf(where)))
        .select(['object_seq', 'name', 'source', 'kind', 'text_value', 'number_value'])
        .orderBy(sql`object_seq, name, at, source, text_value`),
    ),
    aliases: preparedQuery<Where, AliasRow, DialectTraits>((db, where, traits) =>
      db
        .selectFrom('object_aliases')
        .where(amongItems(traits, placeOf(where)))
        .select(['object_seq', 'alias'])
        .orderBy(sql`object_seq, alias`),
    ),
    /** The store's word on quarantine. */
    held: preparedQuery<Where & Plugin, HeldRow, DialectTraits>(
      (db, { pluginId, digest, ...where }, traits) =>
        db
          .selectFrom('quarantine')
          .select(['object_seq', 'revision'])
          .where('plugin_id', '=', pluginId)
          .where('bundle_digest', '=', digest)
          .where(amongItems(traits, placeOf(where as unknown as Where))),
    ),
  };
}

/** By positions. */
export const ofRange = objectQueries<RangePlace>(
  (place) => place,
  (db, { passId, from, to }) =>
    db
      .selectFrom('pass_items')
      .leftJoin('objects', 'objects.seq', 'pass_items.object_seq')
      .select([
        'pass_items.position',
        'pass_items.object_seq',
        'objects.id',
        'objects.type',
        'objects.subtype',
        'objects.value',
        'objects.status',
        'objects.revision',
      ])
      .where('pass_items.pass_id', '=', passId)
      .where('pass_items.position', '>=', from)
      .where('pass_items.position', '<', to)
      .orderBy('pass_items.position'),
);

/**
 * A planner cannot know how few positions these are: it takes them for a share of the pass, for which it would read the whole library. So
 * it is left no other way than to look up each object.
 */
export const ofTask = objectQueries<TaskPlace>(
  ({ passId, taskId, objects }) => {
    const from = sql<number>`(select cast(cast(ranges as json) -> 0 ->> 0 as bigint) from tasks where id = ${taskId})`;
    return { passId, from, to: sql<number>`${from} + ${objects}` };
  },
  (db, { passId, from, to }) => ({
    compile: () =>
      sql<ItemRow>`select position, object_seq, o.* from pass_items left join lateral (
          select id, type, subtype, value, status, revision from objects where seq = object_seq offset 0
        ) as o on true
        where pass_id = ${passId} and position >= ${from} and position < ${to} order by position`.compile(db),
  }),
);

export type ObjectQueries<Where extends Parameters> = ReturnType<typeof objectQueries<Where>>;
