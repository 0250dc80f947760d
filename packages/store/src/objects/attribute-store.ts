import { type Kysely, type Transaction, sql } from 'kysely';
import { rowsFrom } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import type { Tables } from '../database/tables.js';
import { type Offer, type StoredValue, meet } from './attribute-rules.js';

type Trx = Transaction<Tables>;

/** Whose attribute: values meet only within one of these. */
export interface AttributeGroup {
  objectSeq: number;
  name: string;
  source: string;
}

export type GroupOffer = AttributeGroup & { offer: Offer };

export interface AttributeChanges {
  /** Objects on which a value came or went. */
  changedSeqs: Set<number>;
  /** Offers that are in force now and were not before. */
  applied: number;
}

/**
 * Meets offers, in their order, with what is in force and stores what comes of it, history included. The objects are
 * locked by the caller. `newSeqs`: objects that were made just now, which have no attributes yet.
 */
export async function applyOffers(
  trx: Trx,
  traits: DialectTraits,
  { offers, newSeqs }: { offers: readonly GroupOffer[]; newSeqs?: ReadonlySet<number> },
): Promise<AttributeChanges> {
  const changes: AttributeChanges = { changedSeqs: new Set(), applied: 0 };
  if (offers.length === 0) return changes;
  const states = groupsOf(offers);
  const known = [...states.values()].filter(({ group }) => newSeqs?.has(group.objectSeq) !== true);
  if (known.length > 0) await readValues(trx, traits, { groups: known, states });

  const history: HistoryEntry[] = [];
  for (const { offer, ...group } of offers) {
    const state = states.get(groupKey(group))!;
    const meeting = meet(state.values, offer);
    state.values = meeting.values;
    if (meeting.result === 'repeated') continue;
    history.push({ ...group, offer, applied: meeting.result === 'applied' });
    if (meeting.result === 'lost') continue;
    changes.applied += 1;
    changes.changedSeqs.add(group.objectSeq);
  }
  await storeDifferences(trx, traits, [...states.values()]);
  await insertHistory(trx, traits, history.map(historyRow));
  return changes;
}

interface GroupState {
  group: AttributeGroup;
  before: StoredValue[];
  values: readonly StoredValue[];
}

function groupKey({ objectSeq, name, source }: AttributeGroup): string {
  return `${objectSeq}\0${name}\0${source}`;
}

function groupsOf(offers: readonly GroupOffer[]): Map<string, GroupState> {
  const states = new Map<string, GroupState>();
  for (const { offer: _, ...group } of offers) {
    const key = groupKey(group);
    if (!states.has(key)) states.set(key, { group, before: [], values: [] });
  }
  return states;
}

const GROUP_COLUMNS = { object_seq: 'bigint', name: 'text', source: 'text' } as const;

async function readValues(
  trx: Trx,
  traits: DialectTraits,
  { groups, states }: { groups: readonly GroupState[]; states: Map<string, GroupState> },
): Promise<void> {
  const wanted = rowsFrom(
    traits,
    GROUP_COLUMNS,
    groups.map(({ group }) => ({ object_seq: group.objectSeq, name: group.name, source: group.source })),
  );
  const rows = await trx
    .selectFrom(wanted.as('wanted'))
    .crossJoin('attributes as a')
    .whereRef('a.object_seq', '=', 'wanted.object_seq')
    .whereRef('a.name', '=', 'wanted.name')
    .whereRef('a.source', '=', 'wanted.source')
    .select([
      'a.object_seq as objectSeq',
      'a.name',
      'a.source',
      'a.kind',
      'a.text_value as text',
      'a.value_key as key',
      'a.number_value as number',
      'a.at',
      'a.run_id as runId',
    ])
    .execute();
  for (const { objectSeq, name, source, ...value } of rows) {
    states.get(groupKey({ objectSeq, name, source }))!.before.push(value as StoredValue);
  }
  for (const state of groups) state.values = state.before;
}

const KEY_COLUMNS = { ...GROUP_COLUMNS, kind: 'text', value_key: 'text' } as const;
const VALUE_COLUMNS = {
  ...KEY_COLUMNS,
  text_value: 'text',
  number_value: 'double precision',
  at: 'bigint',
  run_id: 'text',
} as const;
const VALUE_LIST = sql.join(Object.keys(VALUE_COLUMNS).map((name) => sql.ref(name)));
const KEY_LIST = sql.join(Object.keys(KEY_COLUMNS).map((name) => sql.ref(name)));

async function storeDifferences(
  trx: Trx,
  traits: DialectTraits,
  states: readonly GroupState[],
): Promise<void> {
  const gone = states.flatMap(({ group, before, values }) =>
    before
      .filter((old) => !values.some((value) => value.kind === old.kind && value.key === old.key))
      .map((old) => valueRow(group, old)),
  );
  const put = states.flatMap(({ group, before, values }) =>
    values.filter((value) => !before.includes(value)).map((value) => valueRow(group, value)),
  );
  if (gone.length > 0) {
    await sql`delete from attributes where (${KEY_LIST}) in
      (select ${KEY_LIST} from ${rowsFrom(traits, KEY_COLUMNS, gone)} as gone)`.execute(trx);
  }
  if (put.length > 0) {
    await sql`insert into attributes (${VALUE_LIST})
      select ${VALUE_LIST} from ${rowsFrom(traits, VALUE_COLUMNS, put)} as put where true
      on conflict (${KEY_LIST}) do update set at = excluded.at, run_id = excluded.run_id`.execute(trx);
  }
}

function valueRow(group: AttributeGroup, value: StoredValue) {
  return {
    object_seq: group.objectSeq,
    name: group.name,
    source: group.source,
    kind: value.kind,
    value_key: value.key,
    text_value: value.text,
    number_value: value.number,
    at: value.at,
    run_id: value.runId,
  };
}

interface HistoryEntry extends AttributeGroup {
  offer: Offer;
  applied: boolean;
}

export interface HistoryRow {
  [column: string]: string | number | null;
  object_seq: number;
  name: string;
  source: string;
  kind: string;
  text_value: string;
  mode: string;
  at: number;
  run_id: string | null;
  applied: 0 | 1;
}

const HISTORY_COLUMNS = {
  ...GROUP_COLUMNS,
  kind: 'text',
  text_value: 'text',
  mode: 'text',
  at: 'bigint',
  run_id: 'text',
  applied: 'integer',
} as const;
const HISTORY_LIST = sql.join(Object.keys(HISTORY_COLUMNS).map((name) => sql.ref(name)));

function historyRow({ objectSeq, name, source, offer, applied }: HistoryEntry): HistoryRow {
  return {
    object_seq: objectSeq,
    name,
    source,
    kind: offer.kind,
    text_value: offer.text,
    mode: offer.mode,
    at: offer.at,
    run_id: offer.runId,
    applied: applied ? 1 : 0,
  };
}

export async function insertHistory(
  trx: Kysely<Tables>,
  traits: DialectTraits,
  rows: readonly HistoryRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await sql`insert into attribute_history (${HISTORY_LIST})
    select ${HISTORY_LIST} from ${rowsFrom(traits, HISTORY_COLUMNS, rows)} as history`.execute(trx);
}
