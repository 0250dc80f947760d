import type { Figures } from '@drover/engine';
import { type RawBuilder, type Transaction, sql } from 'kysely';
import { preparedQuery } from '../database/prepared-query.js';
import type { RoundTrip } from '../database/round-trip.js';
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

const eventRow = preparedQuery<{ runId: string; at: number; kind: string; data: string }, never>(
  (db, { runId, at, kind, data }) => db.insertInto('events').values({ run_id: runId, at, kind, data }),
);

/** As `insertEvent`, with others when the trip is made. */
export function askForEvent(
  trip: RoundTrip,
  runId: string,
  kind: string,
  data: Record<string, unknown>,
  now: number,
): void {
  eventRow.ask(trip, { runId, at: now, kind, data: JSON.stringify(data) });
}
