import type { PlannedSet, PlannedWriteBack, Settlement } from '@drover/engine';
import { type AttributeValue, Fault, type Page, type PageRequest } from '@drover/model';
import type { Transaction } from 'kysely';
import type { Database } from '../database/database.js';
import { insertRows } from '../database/insert-rows.js';
import type { Tables } from '../database/tables.js';
import { pageLimit } from '../runs/run-queries.js';

type Mode = PlannedWriteBack['mode'];

const COLUMNS = ['run_id', 'object_seq', 'name', 'mode', 'value'] as const;
/** Unlike those of requests, so that a cursor tells which list it goes on with. */
const CURSOR = /^w(\d{1,15})$/;

/** Keeps what outcomes of a plan would set, in the transaction of these outcomes. */
export async function recordWriteBacks(
  trx: Transaction<Tables>,
  { traits }: Database,
  runId: string,
  { attributes, statuses }: Pick<Settlement, 'attributes' | 'statuses'>,
): Promise<void> {
  const rows = [
    ...attributes.map(({ objectSeq, name, mode, value }) => [objectSeq, name, mode, value] as const),
    ...statuses.map(({ objectSeq, status }) => [objectSeq, 'status', 'status', status] as const),
  ];
  await insertRows(trx, traits, {
    table: 'plan_write_backs',
    columns: COLUMNS,
    rows: rows.map(([objectSeq, name, mode, value]) => [runId, objectSeq, name, mode, JSON.stringify(value)]),
  });
}

export async function listPlannedSets({ kysely }: Database, planId: string): Promise<PlannedSet[]> {
  const rows = await kysely
    .selectFrom('plan_write_backs')
    .select(['name', 'mode'])
    .select(({ fn }) => fn.count<number>('object_seq').distinct().as('objects'))
    .where('run_id', '=', planId)
    .groupBy(['name', 'mode'])
    .orderBy('name')
    .execute();
  return rows.map(({ name, mode, objects }) => ({ name, mode: mode as Mode, objects: Number(objects) }));
}

export async function listPlannedWriteBacks(
  { kysely }: Database,
  planId: string,
  request: PageRequest,
): Promise<Page<PlannedWriteBack>> {
  const limit = pageLimit(request);
  const rows = await kysely
    .selectFrom('plan_write_backs')
    .innerJoin('objects', 'objects.seq', 'plan_write_backs.object_seq')
    .select(['plan_write_backs.seq', 'name', 'mode', 'plan_write_backs.value as json'])
    .select(['objects.id', 'objects.type', 'objects.value'])
    .where('run_id', '=', planId)
    .where('plan_write_backs.seq', '>', afterOf(request.cursor))
    .orderBy('plan_write_backs.seq')
    .limit(limit + 1)
    .execute();
  const data = rows.slice(0, limit).map((row): PlannedWriteBack => ({
    objectId: row.id,
    type: row.type,
    value: row.value,
    name: row.name,
    mode: row.mode as Mode,
    to: JSON.parse(row.json) as AttributeValue,
  }));
  return rows.length > limit ? { data, nextCursor: `w${rows[limit - 1]!.seq}` } : { data };
}

function afterOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  const seq = CURSOR.exec(cursor)?.[1];
  if (seq !== undefined) return Number(seq);
  throw new Fault('INVALID_ARGUMENT', 'The cursor is not one that a page of this listing gave.', {
    path: '/cursor',
  });
}
