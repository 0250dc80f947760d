import type { Figures } from '@drover/engine';
import { type RawBuilder, type Transaction, sql } from 'kysely';
import type { Tables } from '../database/tables.js';

type Trx = Transaction<Tables>;

/** Additions to a run's figures, as SQL. */
export function figureSums(
  figures: Figures,
): Record<'vendor_calls' | 'vendor_writes' | 'waited_ms', RawBuilder<number>> {
  return {
    vendor_calls: sql<number>`vendor_calls + ${figures.vendorCalls}`,
    vendor_writes: sql<number>`vendor_writes + ${figures.vendorWrites}`,
    waited_ms: sql<number>`waited_ms + ${Math.round(figures.waitedMs)}`,
  };
}

export async function insertEvent(
  trx: Trx,
  runId: string,
  kind: string,
  data: Record<string, unknown>,
  now: number,
): Promise<void> {
  await trx
    .insertInto('events')
    .values({ run_id: runId, at: now, kind, data: JSON.stringify(data) })
    .execute();
}
