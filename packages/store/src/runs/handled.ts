import type { Settlement } from '@drover/engine';
import { type RawBuilder, type Transaction, sql } from 'kysely';
import { type Database, rowsFrom } from '../database/database.js';
import type { Tables } from '../database/tables.js';
import { fingerprintsOf } from './fingerprint.js';

type Trx = Transaction<Tables>;

/** A failed object is offered to its step again after 5 minutes, then 10, 20 … up to a day. */
const FIRST_BACK_OFF_MS = 5 * 60_000;
const LONGEST_BACK_OFF_MS = 24 * 3_600_000;

/** How long after that many failures in a row something is offered again. From 1. */
export function backOffMs(failures: number): number {
  return Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** Math.min(failures - 1, 16));
}

/** Notes for a step's pass which content of each object came to what. */
export async function markHandled(
  trx: Trx,
  database: Database,
  { task, outcomes, reads }: Settlement,
  {
    now,
    sentWith,
  }: {
    now: number;
    /** Of objects that were sent before: what they held then. */ sentWith: ReadonlyMap<number, string>;
  },
): Promise<void> {
  const { stepKey } = task.run;
  // What was kept back is offered again as soon as it leaves the quarantine.
  const handled = outcomes
    .filter(({ status, code }) => status !== 'skipped' || code !== 'QUARANTINED')
    // In one order, as all that lock several rows.
    .toSorted((left, right) => left.objectSeq - right.objectSeq);
  if (stepKey === undefined || handled.length === 0) return;
  const seqs = handled.map(({ objectSeq }) => objectSeq);
  const fingerprints = await fingerprintsOf(trx, database.traits, seqs, reads);
  const rows = handled.map((row) => ({
    object_seq: row.objectSeq,
    fingerprint: sentWith.get(row.objectSeq) ?? fingerprints.get(row.objectSeq) ?? '',
    status: row.status,
    failures: row.status === 'failed' ? 1 : 0,
  }));
  const columns = { object_seq: 'bigint', fingerprint: 'text', status: 'text', failures: 'integer' } as const;
  await sql`insert into handled (step_key, object_seq, fingerprint, status, failures, offer_after, run_id, at)
    select cast(${stepKey} as text), object_seq, fingerprint, status, failures,
      case when failures > 0 then cast(${now + FIRST_BACK_OFF_MS} as bigint) end,
      cast(${task.run.id} as text), cast(${now} as bigint)
    from ${rowsFrom(database.traits, columns, rows)} as h where true
    on conflict (step_key, object_seq) do update set
      fingerprint = excluded.fingerprint, status = excluded.status, run_id = excluded.run_id, at = excluded.at,
      failures = case when excluded.failures > 0 then handled.failures + 1 else 0 end,
      offer_after = case when excluded.failures > 0 then excluded.at + ${backOffSql()} end`.execute(trx);
}

/** The back-off after one failure more than the row has seen, as SQL: doubling, without a power function. */
function backOffSql(): RawBuilder<number> {
  const steps: RawBuilder<unknown>[] = [];
  for (let failures = 0, ms = FIRST_BACK_OFF_MS; ms < LONGEST_BACK_OFF_MS; failures += 1, ms *= 2) {
    steps.push(sql`when ${sql.lit(failures)} then ${sql.lit(ms)}`);
  }
  return sql`(case handled.failures ${sql.join(steps, sql` `)} else ${sql.lit(LONGEST_BACK_OFF_MS)} end)`;
}
