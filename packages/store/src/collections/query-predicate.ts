import type { CollectionQuery } from '@drover/model';
import { type Expression, type SqlBool, expressionBuilder, sql } from 'kysely';
import { storableText } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import type { Tables } from '../database/tables.js';
import { toStoredValue } from '../objects/attribute-rules.js';
import { afterPrefix, keyHead, valueKey } from '../objects/value-key.js';
import { parseSince } from './since.js';

export type AttributeTest = Extract<CollectionQuery, { attribute: unknown }>['attribute'];

export interface QueryContext {
  traits: DialectTraits;
  /** What spans count back from, milliseconds since 1970. */
  now: number;
}

type Scope = Tables & {
  o: Tables['objects'];
  a: Tables['attributes'];
  s: Tables['object_sources'];
};

/** A checked query as a condition on one row of `objects as o`; other tables are probed by the row's primary key. */
export function queryPredicate(query: CollectionQuery, context: QueryContext): Expression<SqlBool> {
  const eb = expressionBuilder<Scope, 'o'>();
  if ('and' in query) return eb.and(query.and.map((part) => queryPredicate(part, context)));
  if ('or' in query) return eb.or(query.or.map((part) => queryPredicate(part, context)));
  if ('not' in query) return eb.not(queryPredicate(query.not, context));
  if ('source' in query) {
    return eb.exists(
      eb
        .selectFrom('object_sources as s')
        .select(sql.lit(1).as('one'))
        .whereRef('s.object_seq', '=', 'o.seq')
        .where('s.source', '=', storableText(query.source)),
    );
  }
  if ('attribute' in query) {
    return eb.exists(
      eb
        .selectFrom('attributes as a')
        .select(sql.lit(1).as('one'))
        .whereRef('a.object_seq', '=', 'o.seq')
        .where(attributePredicate(query.attribute)),
    );
  }
  return columnPredicate(query, context);
}

type ColumnQuery = Exclude<
  CollectionQuery,
  { and: unknown } | { or: unknown } | { not: unknown } | { source: unknown } | { attribute: unknown }
>;

/** A predicate over columns of `objects as o` alone. Never null, so that `not` is its complement. */
export function columnPredicate(query: ColumnQuery, { traits, now }: QueryContext): Expression<SqlBool> {
  const eb = expressionBuilder<Scope, 'o'>();
  if ('type' in query) return eb('o.type', '=', storableText(query.type));
  if ('subtype' in query) return eb('o.subtype', '=', storableText(query.subtype));
  if ('status' in query) {
    return eb.and([eb('o.status', 'is not', null), eb('o.status', '=', storableText(query.status))]);
  }
  if ('createdSince' in query) return eb('o.created_at', '>=', parseSince(query.createdSince, now)!);
  if ('updatedSince' in query) return eb('o.updated_at', '>=', parseSince(query.updatedSince, now)!);
  return patternPredicate(storableText(query.value), traits);
}

function patternPredicate(pattern: string, traits: DialectTraits): Expression<SqlBool> {
  const eb = expressionBuilder<Scope, 'o'>();
  const pieces = pattern.split('*');
  const [prefix] = pieces as [string, ...string[]];
  if (pieces.length === 1) return eb('o.value_key', '=', valueKey(prefix));
  const head = keyHead(prefix);
  const parts: Expression<SqlBool>[] = [];
  if (head !== '') parts.push(eb('o.value_key', '>=', head));
  const end = afterPrefix(head);
  if (end !== undefined) parts.push(eb('o.value_key', '<', end));
  const isPrefixAlone = head === prefix && pieces.slice(1).every((piece) => piece === '');
  if (!isPrefixAlone) parts.push(traits.matchesPieces(eb.ref('o.value'), pieces));
  return eb.and(parts);
}

/** A condition on one row of `attributes as a`: the object has it when one of its values of that name meets it. */
export function attributePredicate({ name, op, value }: AttributeTest): Expression<SqlBool> {
  const eb = expressionBuilder<Scope, 'a'>();
  const named = eb('a.name', '=', storableText(name));
  if (op === 'exists' || value === undefined) return named;
  if (op === '=' || op === '!=') {
    const { kind, key } = toStoredValue(value, { at: 0 });
    return eb.and([named, eb('a.kind', '=', kind), eb('a.value_key', op, key)]);
  }
  // Literal, or the planners would not see that the partial index serves.
  const isNumber = sql<SqlBool>`a.kind = 'number'`;
  return eb.and([named, isNumber, eb('a.number_value', op, Number(value))]);
}
