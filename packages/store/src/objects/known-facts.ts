import type { ObjectDraft } from '@drover/model';
import { type Transaction, sql } from 'kysely';
import { rowsFrom, storableText } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import type { Tables } from '../database/tables.js';
import type { KnownFacts, KnownObject } from './upsert-plan.js';
import { valueKey } from './value-key.js';

type Trx = Transaction<Tables>;

const OBJECT_COLUMNS = ['o.seq', 'o.type', 'o.subtype', 'o.value_key', 'o.status', 'o.status_at'] as const;

/** Reads what the store knows about the values and aliases of some drafts. */
export async function readKnownFacts(
  trx: Trx,
  traits: DialectTraits,
  drafts: readonly ObjectDraft[],
): Promise<KnownFacts> {
  const facts = new FactsByText();
  await readKeys(trx, traits, { drafts, facts });
  const texts = drafts.flatMap(({ type, aliases = [] }) =>
    aliases.map((alias) => ({ type, value_key: valueKey(storableText(alias)) })),
  );
  if (texts.length > 0) await readAliasTexts(trx, traits, { texts, facts });
  const missing = facts.aliases.filter(({ object_seq }) => !facts.objects.has(object_seq));
  if (missing.length > 0) {
    const seqs = missing.map(({ object_seq }) => ({ seq: object_seq }));
    const owners = await trx
      .selectFrom('objects as o')
      .select(OBJECT_COLUMNS)
      .where(
        'o.seq',
        'in',
        sql<number>`(select seq from ${rowsFrom(traits, { seq: 'bigint' }, seqs)} as owners)`,
      )
      .execute();
    for (const owner of owners) facts.objects.set(owner.seq, owner);
  }
  return { objects: [...facts.objects.values()], aliases: facts.aliases };
}

class FactsByText {
  readonly objects = new Map<number, KnownObject>();
  readonly aliases: { type: string; alias_key: string; object_seq: number }[] = [];
}

/** Finds the objects that have the drafts' keys, and the owners of those values as aliases, in one look. */
async function readKeys(
  trx: Trx,
  traits: DialectTraits,
  { drafts, facts }: { drafts: readonly ObjectDraft[]; facts: FactsByText },
): Promise<void> {
  const keys = drafts.map((draft) => ({
    type: draft.type,
    subtype: draft.subtype ?? '',
    value_key: valueKey(storableText(draft.value)),
  }));
  const rows = await trx
    .selectFrom(rowsFrom(traits, { type: 'text', subtype: 'text', value_key: 'text' }, keys).as('wanted'))
    .leftJoin('objects as o', (join) =>
      join
        .onRef('o.value_key', '=', 'wanted.value_key')
        .onRef('o.type', '=', 'wanted.type')
        .onRef('o.subtype', '=', 'wanted.subtype'),
    )
    .leftJoin('object_aliases as alias', (join) =>
      join.onRef('alias.type', '=', 'wanted.type').onRef('alias.alias_key', '=', 'wanted.value_key'),
    )
    .where((eb) => eb.or([eb('o.seq', 'is not', null), eb('alias.object_seq', 'is not', null)]))
    .select(OBJECT_COLUMNS)
    .select(['wanted.type as wanted_type', 'alias.alias_key', 'alias.object_seq'])
    .execute();
  for (const { wanted_type, alias_key, object_seq, ...object } of rows) {
    if (object.seq !== null) facts.objects.set(object.seq, object as KnownObject);
    if (alias_key !== null && object_seq !== null) {
      facts.aliases.push({ type: wanted_type, alias_key, object_seq });
    }
  }
}

/** Finds the objects that have the texts as values, and those that own them as aliases. */
async function readAliasTexts(
  trx: Trx,
  traits: DialectTraits,
  { texts, facts }: { texts: readonly { type: string; value_key: string }[]; facts: FactsByText },
): Promise<void> {
  const wanted = rowsFrom(traits, { type: 'text', value_key: 'text' }, texts);
  const holders = await trx
    .selectFrom(wanted.as('wanted'))
    .crossJoin('objects as o')
    .whereRef('o.value_key', '=', 'wanted.value_key')
    .whereRef('o.type', '=', 'wanted.type')
    .select(OBJECT_COLUMNS)
    .execute();
  for (const holder of holders) facts.objects.set(holder.seq, holder);
  const owned = await trx
    .selectFrom(wanted.as('wanted'))
    .crossJoin('object_aliases as alias')
    .whereRef('alias.type', '=', 'wanted.type')
    .whereRef('alias.alias_key', '=', 'wanted.value_key')
    .select(['alias.type', 'alias.alias_key', 'alias.object_seq'])
    .execute();
  facts.aliases.push(...owned);
}
