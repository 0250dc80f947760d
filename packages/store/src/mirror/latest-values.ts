import type { AttributeValue } from '@drover/model';
import type { Kysely } from 'kysely';
import { rowsFrom } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import type { Tables } from '../database/tables.js';
import { fromStoredValue } from '../objects/attribute-rules.js';
import type { LatestValue } from './shadow.js';

/** The latest word on attributes of objects; of several at one time the vendor's (`source`) is the later one. */
export class LatestValues {
  readonly #values = new Map<string, LatestValue>();

  private constructor() {}

  static async read(
    db: Kysely<Tables>,
    traits: DialectTraits,
    { seqs, names, source }: { seqs: readonly number[]; names: ReadonlySet<string>; source: string },
  ): Promise<LatestValues> {
    const latest = new LatestValues();
    if (seqs.length === 0 || names.size === 0) return latest;
    const wanted = rowsFrom(
      traits,
      { seq: 'bigint' },
      seqs.map((seq) => ({ seq })),
    );
    const rows = await db
      .selectFrom(wanted.as('wanted'))
      .crossJoin('attributes as a')
      .whereRef('a.object_seq', '=', 'wanted.seq')
      .where('a.name', 'in', [...names])
      .select(['a.object_seq', 'a.name', 'a.source', 'a.kind', 'a.text_value', 'a.at'])
      .execute();
    for (const row of rows) {
      const said = { value: fromStoredValue(row), source: row.source, at: row.at };
      const key = keyOf(row.object_seq, row.name);
      const before = latest.#values.get(key);
      if (before === undefined || compare(said, before, source) > 0) latest.#values.set(key, said);
    }
    return latest;
  }

  of(seq: number, attribute: string): LatestValue | undefined {
    return this.#values.get(keyOf(seq, attribute));
  }
}

function keyOf(seq: number, name: string): string {
  return `${seq}\0${name}`;
}

function compare(left: LatestValue, right: LatestValue, vendor: string): number {
  return (
    left.at - right.at ||
    Number(left.source === vendor) - Number(right.source === vendor) ||
    compareTexts(left.source, right.source) ||
    compareTexts(textOf(left.value), textOf(right.value))
  );
}

function textOf(value: AttributeValue): string {
  return `${typeof value} ${value}`;
}

function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
