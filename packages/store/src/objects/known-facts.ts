import type { ObjectDraft } from '@drover/model';
import type { Transaction } from 'kysely';
import { rowsFrom, storableText } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import type { Tables } from '../database/tables.js';
import type { KnownFacts, KnownObject } from './upsert-plan.js';
import { valueKey } from './value-key.js';

type Trx = Transaction<Tables>;
type Text = { type: string; value_key: string };

const OBJECT_COLUMNS = ['o.seq', 'o.type', 'o.subtype', 'o.value_key', 'o.status', 'o.status_at'] as const;

/** Reads what the store knows about the values and aliases of some drafts. */
export async function readKnownFacts(
  trx: Trx,
  traits: DialectTraits,
  drafts: readonly ObjectDraft[],
): Promise<KnownFacts> {
  const keys = drafts.map((draft) => ({
    type: draft.type,
    subtype: draft.subtype ?? '',
    value_key: valueKey(storableText(draft.value)),
  }));
  const objects = new Map<number, KnownObject>();
  for (const known of await objectsWithKey(trx, traits, keys)) objects.set(known.seq, known);
  const aliasTexts = drafts.flatMap(({ type, aliases = [] }) =>
    aliases.map((alias) => ({ type, value_key: valueKey(storableText(alias)) })),
  );
  if (aliasTexts.length > 0) {
    for (const known of await objectsWithValue(trx, traits, aliasTexts)) objects.set(known.seq, known);
  }
  const texts = [...keys.map(({ type, value_key }) => ({ type, value_key })), ...aliasTexts];
  const aliases = await ownersOf(trx, traits, texts);
  for (const { alias_key: _, object_seq: __, ...known } of aliases) objects.set(known.seq, known);
  return { objects: [...objects.values()], aliases };
}

async function objectsWithKey(
  trx: Trx,
  traits: DialectTraits,
  keys: readonly (Text & { subtype: string })[],
): Promise<KnownObject[]> {
  const wanted = rowsFrom(traits, { type: 'text', subtype: 'text', value_key: 'text' }, keys);
  return trx
    .selectFrom(wanted.as('wanted'))
    .crossJoin('objects as o')
    .whereRef('o.value_key', '=', 'wanted.value_key')
    .whereRef('o.type', '=', 'wanted.type')
    .whereRef('o.subtype', '=', 'wanted.subtype')
    .select(OBJECT_COLUMNS)
    .execute();
}

async function objectsWithValue(
  trx: Trx,
  traits: DialectTraits,
  texts: readonly Text[],
): Promise<KnownObject[]> {
  const wanted = rowsFrom(traits, { type: 'text', value_key: 'text' }, texts);
  return trx
    .selectFrom(wanted.as('wanted'))
    .crossJoin('objects as o')
    .whereRef('o.value_key', '=', 'wanted.value_key')
    .whereRef('o.type', '=', 'wanted.type')
    .select(OBJECT_COLUMNS)
    .execute();
}

async function ownersOf(
  trx: Trx,
  traits: DialectTraits,
  texts: readonly Text[],
): Promise<(KnownObject & { alias_key: string; object_seq: number })[]> {
  const wanted = rowsFrom(traits, { type: 'text', value_key: 'text' }, texts);
  return trx
    .selectFrom(wanted.as('wanted'))
    .crossJoin('object_aliases as alias')
    .crossJoin('objects as o')
    .whereRef('alias.type', '=', 'wanted.type')
    .whereRef('alias.alias_key', '=', 'wanted.value_key')
    .whereRef('o.seq', '=', 'alias.object_seq')
    .select([...OBJECT_COLUMNS, 'alias.alias_key', 'alias.object_seq'])
    .execute();
}
