import type { ObjectEdit } from '@drover/engine';
import { Fault } from '@drover/model';
import { type Transaction } from 'kysely';
import { storableText } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import { insertRows } from '../database/insert-rows.js';
import type { Tables } from '../database/tables.js';
import { toStoredValue } from './attribute-rules.js';
import { applyOffers, type HistoryEntry, insertHistory } from './attribute-store.js';
import { OBJECTS_LOCK, bumpRevisions, lockObjects, setStatuses } from './object-rows.js';
import { valueKey } from './value-key.js';
import { statusHistory } from './write-back.js';

type Trx = Transaction<Tables>;

interface Place {
  trx: Trx;
  traits: DialectTraits;
  seq: number;
  type: string;
  source: string;
}

/** Applies an edit to one object; false when it has left everything as it was. Imports wait for it and it for them. */
export async function editObject(
  trx: Trx,
  traits: DialectTraits,
  { seq, type, edit }: { seq: number; type: string; edit: ObjectEdit },
): Promise<boolean> {
  if ((edit.aliases ?? []).length > 0) await traits.serialize(trx, OBJECTS_LOCK);
  const place: Place = { trx, traits, seq, type, source: storableText(edit.source) };
  const locked = await lockObjects(trx, traits, [seq]);
  const at = await timeOfEdit(place, edit, locked.get(seq)?.status_at ?? 0);
  const removed = await removeAttributes(place, edit, at);
  const set = await setAttributes(place, edit, at);
  const said = await sayStatus(place, edit, { at, status: locked.get(seq)?.status ?? null });
  const named = await addAliases(place, edit);
  if (!removed && !set && !said && !named) return false;
  await insertRows(trx, traits, {
    table: 'object_sources',
    columns: ['object_seq', 'source', 'first_seen_at', 'last_seen_at'],
    rows: [[seq, place.source, at, at]],
    suffix: 'on conflict (object_seq, source) do update set last_seen_at = excluded.last_seen_at',
  });
  await bumpRevisions(trx, traits, { seqs: [seq], at: edit.at.getTime() });
  return true;
}

/** An edit is the last word so far: it counts as said after all that it meets, whatever another clock said. */
async function timeOfEdit({ trx, seq, source }: Place, edit: ObjectEdit, statusAt: number): Promise<number> {
  const { latest } = await trx
    .selectFrom('attributes')
    .select(({ fn }) => fn.max('at').as('latest'))
    .where('object_seq', '=', seq)
    .where('source', '=', source)
    .executeTakeFirstOrThrow();
  const before = Math.max(Number(latest ?? 0), edit.status === undefined ? 0 : statusAt);
  return Math.max(edit.at.getTime(), before + 1);
}

async function setAttributes(
  { trx, traits, seq, source }: Place,
  edit: ObjectEdit,
  at: number,
): Promise<boolean> {
  const offers = (edit.attributes ?? []).map(({ name, value }) => ({
    group: { objectSeq: seq, name: storableText(name), source },
    mode: 'replace' as const,
    said: toStoredValue(value, { at }),
  }));
  return (await applyOffers(trx, traits, { offers })).applied > 0;
}

async function removeAttributes(place: Place, edit: ObjectEdit, at: number): Promise<boolean> {
  const { trx, traits, seq, source } = place;
  const names = (edit.removeAttributes ?? []).map(storableText);
  if (names.length === 0) return false;
  const held = await trx
    .selectFrom('attributes')
    .select(['name', 'source', 'kind', 'text_value'])
    .where('object_seq', '=', seq)
    .where('name', 'in', names)
    .orderBy('name')
    .orderBy('value_key')
    .execute();
  const own = held.filter((one) => one.source === source);
  for (const name of names) refuseAnothers(name, { held: held.filter((one) => one.name === name), source });
  if (own.length === 0) return false;
  await trx
    .deleteFrom('attributes')
    .where('object_seq', '=', seq)
    .where('source', '=', source)
    .where('name', 'in', names)
    .execute();
  const history = own.map(({ name, kind, text_value }): HistoryEntry => ({
    group: { objectSeq: seq, name, source },
    said: { kind: kind as HistoryEntry['said']['kind'], text: text_value, at, runId: null },
    mode: 'remove',
    applied: true,
  }));
  await insertHistory(trx, traits, history);
  return true;
}

/** A value that only others have said is not taken away in passing. */
function refuseAnothers(
  name: string,
  { held, source }: { held: readonly { source: string }[]; source: string },
): void {
  if (held.length === 0 || held.some((one) => one.source === source)) return;
  const others = [...new Set(held.map((one) => one.source))].join(', ');
  throw new Fault(
    'INVALID_ARGUMENT',
    `The attribute "${name}" is not by ${source}, but by ${others}; name that source to remove it.`,
  );
}

async function sayStatus(
  { trx, traits, seq, source }: Place,
  edit: ObjectEdit,
  { at, status: inForce }: { at: number; status: string | null },
): Promise<boolean> {
  if (edit.status === undefined) return false;
  const status = storableText(edit.status);
  if (status === inForce) return false;
  await setStatuses(trx, traits, [{ seq, status, at }]);
  await insertHistory(trx, traits, [
    statusHistory({ objectSeq: seq, source, at }, { status, applied: true }),
  ]);
  return true;
}

async function addAliases({ trx, traits, seq, type }: Place, edit: ObjectEdit): Promise<boolean> {
  const byKey = new Map(
    (edit.aliases ?? []).map((text) => [valueKey(storableText(text)), storableText(text)]),
  );
  if (byKey.size === 0) return false;
  const keys = [...byKey.keys()];
  const owned = await trx
    .selectFrom('object_aliases as a')
    .innerJoin('objects as o', 'o.seq', 'a.object_seq')
    .select(['a.alias_key as key', 'o.seq', 'o.id', 'o.value'])
    .where('a.type', '=', type)
    .where('a.alias_key', 'in', keys)
    .execute();
  const held = await trx
    .selectFrom('objects')
    .select(['value_key as key', 'seq', 'id', 'value'])
    .where('type', '=', type)
    .where('value_key', 'in', keys)
    .execute();
  const taken = [...owned, ...held].find((one) => one.seq !== seq);
  if (taken !== undefined) {
    throw new Fault(
      'ALIAS_TAKEN',
      `"${byKey.get(taken.key)}" belongs to ${taken.id} (${taken.value}); an alias belongs to one object.`,
    );
  }
  for (const { key } of [...owned, ...held]) byKey.delete(key);
  await insertRows(trx, traits, {
    table: 'object_aliases',
    columns: ['type', 'alias_key', 'alias', 'object_seq'],
    rows: [...byKey].map(([key, alias]) => [type, key, alias, seq]),
  });
  return byKey.size > 0;
}
