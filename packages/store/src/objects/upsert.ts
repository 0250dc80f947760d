import type { UpsertOptions, UpsertReport } from '@drover/engine';
import { type ObjectDraft, newId } from '@drover/model';
import type { Transaction } from 'kysely';
import { rowsFrom, storableText } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import { askInsert, insertRows } from '../database/insert-rows.js';
import { RoundTrip } from '../database/round-trip.js';
import type { Tables } from '../database/tables.js';
import { toStoredValue } from './attribute-rules.js';
import { type GroupOffer, applyOffers, insertHistory } from './attribute-store.js';
import { readKnownFacts } from './known-facts.js';
import { type LockedObject, OBJECTS_LOCK, bumpRevisions, lockObjects, setStatuses } from './object-rows.js';
import { type UpsertTarget, planUpsert } from './upsert-plan.js';
import { valueKey } from './value-key.js';
import { statusHistory } from './write-back.js';

type Trx = Transaction<Tables>;

/** A target with its row in the store. */
export type StoredTarget = UpsertTarget & { seq: number };

interface Call {
  trx: Trx;
  traits: DialectTraits;
  source: string;
  /** Milliseconds since 1970. */
  at: number;
  runId?: string;
  modes?: UpsertOptions['modes'];
}

export interface UpsertResult {
  report: UpsertReport;
  /** The objects that the drafts were about: those that were not there before, and the others. */
  made: StoredTarget[];
  known: StoredTarget[];
}

export interface UpsertWork {
  drafts: readonly ObjectDraft[];
  options: UpsertOptions;
  /** Changes what is to be written of objects before it is. */
  shape?(targets: readonly UpsertTarget[]): Promise<void>;
}

/** Writes drafts in one transaction, each kind of row with one statement. Imports wait for each other. */
export async function upsertDrafts(
  trx: Trx,
  traits: DialectTraits,
  { drafts, options, shape }: UpsertWork,
): Promise<UpsertResult> {
  const source = storableText(options.source);
  const { runId, modes } = options;
  const call: Call = { trx, traits, source, at: options.at.getTime(), runId, modes };
  await traits.serialize(trx, OBJECTS_LOCK);
  const plan = planUpsert(drafts, await readKnownFacts(trx, traits, drafts));
  await shape?.(plan.targets);
  const made = await insertObjects(
    call,
    plan.targets.filter(({ known }) => known === undefined),
  );
  const known = plan.targets.flatMap((target) =>
    target.known === undefined ? [] : [{ ...target, seq: target.known.seq }],
  );
  const changed = await changeKnown(call, known, made);
  if (options.collectionId !== undefined) {
    await addMembers(call, { collectionId: options.collectionId, targets: [...made, ...known] });
  }
  await lookAgain(call, made);
  const report = {
    created: made.length,
    updated: changed.size,
    unchanged: known.length - changed.size,
    duplicates: plan.duplicates,
    ...(plan.takenAliases.length === 0 ? {} : { takenAliases: plan.takenAliases }),
  };
  return { report, made, known };
}

/** Sizes of the library at which its statistics are worth a look: a database does so by itself, but a minute later. */
const LOOK_AGAIN_AT = [1_000, 100_000];
const GROWN = ['objects', 'object_sources', 'object_aliases', 'attributes', 'collection_members'] as const;

async function lookAgain({ trx, traits }: Call, made: readonly StoredTarget[]): Promise<void> {
  const last = made.at(-1)?.seq ?? 0;
  const isDue = LOOK_AGAIN_AT.some((size) => last - made.length < size && size <= last);
  if (isDue) await traits.refreshStatistics(trx, GROWN);
}

/** Writes aliases, sources, attributes and statuses; returns the known objects that changed by it. */
async function changeKnown(
  call: Call,
  known: readonly StoredTarget[],
  made: readonly StoredTarget[],
): Promise<Set<number>> {
  const all = [...made, ...known];
  const madeSeqs = new Set(made.map(({ seq }) => seq));
  const locked = await lockObjects(
    call.trx,
    call.traits,
    known.map(({ seq }) => seq),
  );
  await insertAliases(call, all);
  const changed = new Set(known.filter(({ newAliases }) => newAliases.length > 0).map(({ seq }) => seq));
  for (const seq of await seeSources(call, { known, made })) changed.add(seq);

  const { changedSeqs } = await applyOffers(call.trx, call.traits, {
    offers: offersOf(call, all),
    newSeqs: madeSeqs,
  });
  for (const seq of changedSeqs) if (!madeSeqs.has(seq)) changed.add(seq);

  for (const seq of await sayStatuses(call, { known, made, locked })) changed.add(seq);
  await bumpRevisions(call.trx, call.traits, { seqs: changed, at: call.at });
  return changed;
}

function offersOf({ source, modes, at: now, runId }: Call, targets: readonly StoredTarget[]): GroupOffer[] {
  const offers: GroupOffer[] = [];
  for (const { seq: objectSeq, attributes } of targets) {
    for (const { name, value, mode, at = now } of attributes) {
      offers.push({
        group: { objectSeq, name, source },
        mode: mode ?? modes?.get(name) ?? 'add',
        said: toStoredValue(value, { at, runId }),
      });
    }
  }
  return offers;
}

/** Sets statuses that were not said before one in force; of several at one time the last counts. */
async function sayStatuses(
  call: Call,
  {
    known,
    made,
    locked,
  }: { known: readonly StoredTarget[]; made: readonly StoredTarget[]; locked: Map<number, LockedObject> },
): Promise<number[]> {
  const said = known.filter(
    ({ seq, status }) => status !== undefined && (locked.get(seq)!.status_at ?? 0) <= call.at,
  );
  await setStatuses(
    call.trx,
    call.traits,
    said.map(({ seq, status }) => ({ seq, status: status!, at: call.at })),
  );
  const changed = said.filter(({ seq, status }) => status !== locked.get(seq)!.status);
  const news = [...made.filter(({ status }) => status !== undefined), ...changed];
  await insertHistory(
    call.trx,
    call.traits,
    news.map(({ seq, status }) =>
      statusHistory({ ...call, objectSeq: seq }, { status: status!, applied: true }),
    ),
  );
  return changed.map(({ seq }) => seq);
}

const OBJECT_COLUMNS = [
  'seq',
  'id',
  'type',
  'subtype',
  'value',
  'value_key',
  'status',
  'status_at',
  'revision',
  'created_at',
  'updated_at',
];

async function insertObjects(call: Call, targets: readonly UpsertTarget[]): Promise<StoredTarget[]> {
  if (targets.length === 0) return [];
  const firstSeq = await reserveSeqs(call.trx, targets.length);
  const made = targets.map((target, index) => ({ ...target, seq: firstSeq + index }));
  await insertRows(call.trx, call.traits, {
    table: 'objects',
    columns: OBJECT_COLUMNS,
    rows: made.map(({ seq, type, subtype, value, valueKey: key, status }) => {
      const said = status === undefined ? [null, null] : [status, call.at];
      return [seq, newId('object'), type, subtype, value, key, ...said, 1, call.at, call.at];
    }),
  });
  return made;
}

/** The first of as many numbers that no object has had. Counting here spares reading back what a database has counted. */
async function reserveSeqs(trx: Trx, objects: number): Promise<number> {
  const { value } = await trx
    .insertInto('counters')
    .values({ name: 'objects', value: objects })
    .onConflict((conflict) =>
      conflict
        .column('name')
        .doUpdateSet((eb) => ({ value: eb('counters.value', '+', eb.ref('excluded.value')) })),
    )
    .returning('value')
    .executeTakeFirstOrThrow();
  return value - objects + 1;
}

async function insertAliases(call: Call, targets: readonly StoredTarget[]): Promise<void> {
  await insertRows(call.trx, call.traits, {
    table: 'object_aliases',
    columns: ['type', 'alias_key', 'alias', 'object_seq'],
    rows: targets.flatMap(({ type, seq, newAliases }) =>
      newAliases.map((alias) => [type, valueKey(alias), alias, seq]),
    ),
  });
}

/** Notes that the source has seen the objects; returns the known ones that it had not seen before. */
async function seeSources(
  call: Call,
  { known, made }: { known: readonly StoredTarget[]; made: readonly StoredTarget[] },
): Promise<number[]> {
  const seqs = known.map(({ seq }) => ({ seq }));
  const seenBefore =
    known.length === 0
      ? []
      : await call.trx
          .selectFrom(rowsFrom(call.traits, { seq: 'bigint' }, seqs).as('wanted'))
          .crossJoin('object_sources as s')
          .whereRef('s.object_seq', '=', 'wanted.seq')
          .where('s.source', '=', call.source)
          .select('s.object_seq')
          .execute();
  const trip = new RoundTrip(call.trx);
  for (const [targets, suffix] of [
    [made, ''],
    [known, WIDEN_SEEN],
  ] as const) {
    askInsert(trip, call.traits, {
      table: 'object_sources',
      columns: ['object_seq', 'source', 'first_seen_at', 'last_seen_at'],
      rows: targets.map(({ seq }) => [seq, call.source, call.at, call.at]),
      suffix,
    });
  }
  await trip.make();
  const seen = new Set(seenBefore.map(({ object_seq }) => object_seq));
  return known.map(({ seq }) => seq).filter((seq) => !seen.has(seq));
}

const WIDEN_SEEN = `on conflict (object_seq, source) do update set
  first_seen_at = case when excluded.first_seen_at < object_sources.first_seen_at
    then excluded.first_seen_at else object_sources.first_seen_at end,
  last_seen_at = case when excluded.last_seen_at > object_sources.last_seen_at
    then excluded.last_seen_at else object_sources.last_seen_at end`;

async function addMembers(
  call: Call,
  { collectionId, targets }: { collectionId: string; targets: readonly StoredTarget[] },
): Promise<void> {
  await insertRows(call.trx, call.traits, {
    table: 'collection_members',
    columns: ['collection_id', 'object_seq'],
    rows: targets.map(({ seq }) => [collectionId, seq]),
    suffix: 'on conflict (collection_id, object_seq) do nothing',
  });
}
