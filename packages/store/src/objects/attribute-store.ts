import { type Transaction, sql } from 'kysely';
import { amongSeqs, amongTexts, jsonOfSeqs, jsonOfTexts, rowsFrom } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import { type InsertCell, askInsert } from '../database/insert-rows.js';
import { preparedQuery } from '../database/prepared-query.js';
import { type Answer, RoundTrip } from '../database/round-trip.js';
import type { Tables } from '../database/tables.js';
import { type AttributeKind, type Offer, type StoredValue, meet } from './attribute-rules.js';

type Trx = Transaction<Tables>;

/** Whose attribute: values meet only within one of these. */
export interface AttributeGroup {
  objectSeq: number;
  name: string;
  source: string;
}

export interface GroupOffer extends Offer {
  group: AttributeGroup;
}

export interface AttributeChanges {
  /** Objects on which a value came or went. */
  changedSeqs: Set<number>;
  /** Offers that are in force now and were not before. */
  applied: number;
}

/** What comes of offers, to be stored. */
export interface MetOffers extends AttributeChanges {
  gone: KeyRow[];
  put: InsertCell[][];
  /** Values that were in force already, with when and by which run they are said to have been said now. */
  moved: InsertCell[][];
  history: HistoryEntry[];
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
  const known = offers.filter(({ group }) => newSeqs?.has(group.objectSeq) !== true);
  const trip = new RoundTrip(trx);
  const inForce = askInForce(
    trip,
    traits,
    known.map(({ group }) => group),
  );
  await trip.make();
  const met = meetOffers(offers, inForce.rows);
  askToStore(trip, traits, met);
  await trip.make();
  return met;
}

/** What comes of offers where this is in force. */
export function meetOffers(offers: readonly GroupOffer[], inForce: readonly ValueRow[]): MetOffers {
  const states = new GroupStates(inForce);
  const met: MetOffers = { changedSeqs: new Set(), applied: 0, gone: [], put: [], moved: [], history: [] };
  for (const offer of offers) {
    const { group, mode, said } = offer;
    const state = states.of(group);
    const meeting = meet(state.values, offer);
    state.values = meeting.values;
    if (meeting.result === 'repeated') continue;
    met.history.push({ group, said, mode, applied: meeting.result === 'applied' });
    if (meeting.result === 'lost') continue;
    met.applied += 1;
    met.changedSeqs.add(group.objectSeq);
  }
  for (const { group, before, values } of states.all) {
    for (const value of before) if (!holds(values, value)) met.gone.push(keyRow(group, value));
    for (const value of values) {
      if (before.includes(value)) continue;
      (holds(before, value) ? met.moved : met.put).push(valueRow(group, value));
    }
  }
  return met;
}

interface GroupState {
  group: AttributeGroup;
  before: readonly StoredValue[];
  values: readonly StoredValue[];
}

const NOTHING: readonly StoredValue[] = [];

/** The groups that offers are about. Few are about the same object, so that a list for each does. */
class GroupStates {
  readonly all: GroupState[] = [];
  readonly #bySeq = new Map<number, GroupState[]>();
  readonly #inForce: ReadonlyMap<number, ValueRow[]>;

  constructor(inForce: readonly ValueRow[]) {
    this.#inForce = Map.groupBy(inForce, ({ objectSeq }) => objectSeq);
  }

  /** The one state of a group; a new one for a group that is not known. */
  of(group: AttributeGroup): GroupState {
    const { objectSeq, name, source } = group;
    let ofObject = this.#bySeq.get(objectSeq);
    if (ofObject === undefined) this.#bySeq.set(objectSeq, (ofObject = []));
    const same = ofObject.find((one) => one.group.name === name && one.group.source === source);
    if (same !== undefined) return same;
    const before = this.#inForce.get(objectSeq)?.flatMap((row) => valueIn(group, row)) ?? NOTHING;
    const state: GroupState = { group, before, values: before };
    this.all.push(state);
    ofObject.push(state);
    return state;
  }
}

/** The value of a row that is one of the group's. */
function valueIn(group: AttributeGroup, row: ValueRow): StoredValue[] {
  if (row.name !== group.name || row.source !== group.source) return [];
  const { kind, text, key, number, at, runId } = row;
  return [{ kind: kind as AttributeKind, text, key, number, at, runId }];
}

const GROUP_COLUMNS = { object_seq: 'bigint', name: 'text', source: 'text' } as const;

export interface ValueRow {
  objectSeq: number;
  name: string;
  source: string;
  kind: string;
  text: string;
  key: string;
  number: number | null;
  at: number;
  runId: string | null;
}

/** Out of reach for the key, which PostgreSQL would go down once for each name of each object. */
const NAME_TO_FILTER = sql`name || ''`;

const valuesOfObjects = preparedQuery<{ seqs: string; names: string }, ValueRow, DialectTraits>(
  (db, { seqs, names }, traits) =>
    db
      .selectFrom('attributes')
      .where(amongSeqs(traits, 'object_seq', seqs))
      .where(amongTexts(traits, NAME_TO_FILTER, names))
      .select([
        'object_seq as objectSeq',
        'name',
        'source',
        'kind',
        'text_value as text',
        'value_key as key',
        'number_value as number',
        'at',
        'run_id as runId',
      ]),
);

/** Asks for what is in force in some groups, and for what the same objects hold of these names from other sources. */
export function askInForce(
  trip: RoundTrip,
  traits: DialectTraits,
  groups: readonly Pick<AttributeGroup, 'objectSeq' | 'name'>[],
): Answer<ValueRow> {
  if (groups.length === 0) return { rows: [] };
  const seqs = jsonOfSeqs([...new Set(groups.map(({ objectSeq }) => objectSeq))]);
  const names = jsonOfTexts([...new Set(groups.map(({ name }) => name))]);
  return valuesOfObjects.ask(trip, { seqs, names }, traits);
}

const KEY_COLUMNS = { ...GROUP_COLUMNS, kind: 'text', value_key: 'text' } as const;
const VALUE_COLUMNS = [...Object.keys(KEY_COLUMNS), 'text_value', 'number_value', 'at', 'run_id'];
const KEY_LIST = sql.join(Object.keys(KEY_COLUMNS).map((name) => sql.ref(name)));

/** Stores what came of offers, when the trip is made. */
export function askToStore(
  trip: RoundTrip,
  traits: DialectTraits,
  { gone, put, moved, history }: MetOffers,
): void {
  if (gone.length > 0) {
    const statement = sql`delete from attributes where (${KEY_LIST}) in
      (select ${KEY_LIST} from ${rowsFrom(traits, KEY_COLUMNS, gone)} as gone)`;
    trip.ask(statement.compile(trip.db));
  }
  askInsert(trip, traits, { table: 'attributes', columns: VALUE_COLUMNS, rows: put });
  askInsert(trip, traits, {
    table: 'attributes',
    columns: VALUE_COLUMNS,
    rows: moved,
    suffix: `on conflict (${Object.keys(KEY_COLUMNS).join(', ')})
      do update set at = excluded.at, run_id = excluded.run_id`,
  });
  askForHistory(trip, traits, history);
}

function holds(values: readonly StoredValue[], { kind, key }: StoredValue): boolean {
  return values.some((value) => value.kind === kind && value.key === key);
}

interface KeyRow {
  object_seq: number;
  name: string;
  source: string;
  kind: string;
  value_key: string;
}

function keyRow(group: AttributeGroup, value: StoredValue): KeyRow {
  return {
    object_seq: group.objectSeq,
    name: group.name,
    source: group.source,
    kind: value.kind,
    value_key: value.key,
  };
}

/** The cells of `VALUE_COLUMNS`. */
function valueRow({ objectSeq, name, source }: AttributeGroup, value: StoredValue): InsertCell[] {
  const { kind, key, text, number, at, runId } = value;
  return [objectSeq, name, source, kind, key, text, number, at, runId];
}

export interface HistoryEntry {
  group: AttributeGroup;
  said: Pick<StoredValue, 'kind' | 'text' | 'at' | 'runId'>;
  /** How it was offered: a mode of attributes, or `status`. */
  mode: string;
  applied: boolean;
}

const HISTORY_COLUMNS = [
  'object_seq',
  'name',
  'source',
  'kind',
  'text_value',
  'mode',
  'at',
  'run_id',
  'applied',
];

export async function insertHistory(
  trx: Trx,
  traits: DialectTraits,
  entries: readonly HistoryEntry[],
): Promise<void> {
  const trip = new RoundTrip(trx);
  askForHistory(trip, traits, entries);
  await trip.make();
}

/** As `insertHistory`, with others when the trip is made. */
export function askForHistory(
  trip: RoundTrip,
  traits: DialectTraits,
  entries: readonly HistoryEntry[],
): void {
  const rows = entries.map(({ group, said, mode, applied }) => [
    group.objectSeq,
    group.name,
    group.source,
    said.kind,
    said.text,
    mode,
    said.at,
    said.runId,
    applied ? 1 : 0,
  ]);
  askInsert(trip, traits, { table: 'attribute_history', columns: HISTORY_COLUMNS, rows });
}
