import { type Transaction, sql } from 'kysely';
import { amongSeqs, amongTexts, jsonOfSeqs, jsonOfTexts, rowsFrom } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import { type InsertCell, insertRows } from '../database/insert-rows.js';
import { preparedQuery } from '../database/prepared-query.js';
import type { Tables } from '../database/tables.js';
import { type AttributeKind, type Offer, type StoredValue, meet } from './attribute-rules.js';

type Trx = Transaction<Tables>;

/** Whose attribute: values meet only within one of these. */
export interface AttributeGroup {
  objectSeq: number;
  name: string;
  source: string;
}

export interface GroupOffer {
  group: AttributeGroup;
  offer: Offer;
}

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
  const states = new GroupStates();
  const offered = offers.map(({ group, offer }) => ({ state: states.of(group), offer }));
  const known = states.all.filter(({ group }) => newSeqs?.has(group.objectSeq) !== true);
  if (known.length > 0) await readValues(trx, traits, { groups: known, states });

  const history: HistoryEntry[] = [];
  for (const { state, offer } of offered) {
    const { group } = state;
    const meeting = meet(state.values, offer);
    state.values = meeting.values;
    if (meeting.result === 'repeated') continue;
    history.push({ group, said: offer, mode: offer.mode, applied: meeting.result === 'applied' });
    if (meeting.result === 'lost') continue;
    changes.applied += 1;
    changes.changedSeqs.add(group.objectSeq);
  }
  await storeDifferences(trx, traits, states.all);
  await insertHistory(trx, traits, history);
  return changes;
}

interface GroupState {
  group: AttributeGroup;
  before: StoredValue[];
  values: readonly StoredValue[];
}

/** The groups that offers are about. Few are about the same object, so that a list for each does. */
class GroupStates {
  readonly all: GroupState[] = [];
  readonly #bySeq = new Map<number, GroupState[]>();

  find({ objectSeq, name, source }: AttributeGroup): GroupState | undefined {
    const known = this.#bySeq.get(objectSeq);
    return known?.find(({ group }) => group.name === name && group.source === source);
  }

  /** The one state of a group; a new one for a group that is not known. */
  of(group: AttributeGroup): GroupState {
    const same = this.find(group);
    if (same !== undefined) return same;
    const { objectSeq } = group;
    const state: GroupState = { group, before: [], values: [] };
    const known = this.#bySeq.get(objectSeq);
    this.all.push(state);
    if (known === undefined) this.#bySeq.set(objectSeq, [state]);
    else known.push(state);
    return state;
  }
}

const GROUP_COLUMNS = { object_seq: 'bigint', name: 'text', source: 'text' } as const;

interface ValueRow {
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

/** Out of reach for the index of names, under which the objects of a whole library are. */
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

/** Reads what is in force. What the objects hold of the same names from other sources is left aside. */
async function readValues(
  trx: Trx,
  traits: DialectTraits,
  { groups, states }: { groups: readonly GroupState[]; states: GroupStates },
): Promise<void> {
  const seqs = jsonOfSeqs([...new Set(groups.map(({ group }) => group.objectSeq))]);
  const names = jsonOfTexts([...new Set(groups.map(({ group }) => group.name))]);
  for (const row of await valuesOfObjects(trx, { seqs, names }, traits)) {
    const { kind, text, key, number, at, runId } = row;
    states.find(row)?.before.push({ kind: kind as AttributeKind, text, key, number, at, runId });
  }
  for (const state of groups) state.values = state.before;
}

const KEY_COLUMNS = { ...GROUP_COLUMNS, kind: 'text', value_key: 'text' } as const;
const VALUE_COLUMNS = [...Object.keys(KEY_COLUMNS), 'text_value', 'number_value', 'at', 'run_id'];
const KEY_LIST = sql.join(Object.keys(KEY_COLUMNS).map((name) => sql.ref(name)));

async function storeDifferences(
  trx: Trx,
  traits: DialectTraits,
  states: Iterable<GroupState>,
): Promise<void> {
  const gone: ReturnType<typeof keyRow>[] = [];
  const put: InsertCell[][] = [];
  for (const { group, before, values } of states) {
    for (const value of before) if (!holds(values, value)) gone.push(keyRow(group, value));
    for (const value of values) if (!before.includes(value)) put.push(valueRow(group, value));
  }
  if (gone.length > 0) {
    await sql`delete from attributes where (${KEY_LIST}) in
      (select ${KEY_LIST} from ${rowsFrom(traits, KEY_COLUMNS, gone)} as gone)`.execute(trx);
  }
  await insertRows(trx, traits, {
    table: 'attributes',
    columns: VALUE_COLUMNS,
    rows: put,
    suffix: `on conflict (${Object.keys(KEY_COLUMNS).join(', ')})
      do update set at = excluded.at, run_id = excluded.run_id`,
  });
}

function holds(values: readonly StoredValue[], { kind, key }: StoredValue): boolean {
  return values.some((value) => value.kind === kind && value.key === key);
}

function keyRow(group: AttributeGroup, value: StoredValue) {
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
  await insertRows(trx, traits, { table: 'attribute_history', columns: HISTORY_COLUMNS, rows });
}
