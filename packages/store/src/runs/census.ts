import type { Census } from '@drover/engine';
import { OPEN_RUN_STATUSES, type OpenRunStatus } from '@drover/model';
import { sql } from 'kysely';
import type { Database } from '../database/database.js';

/** Asked with every scrape: each query reads an index of what stands open, however much has ended. */
export async function takeCensus({ kysely, traits }: Database): Promise<Census> {
  const open = await kysely
    .selectFrom('runs')
    .select(({ fn }) => ['status', fn.countAll<number>().as('runs'), fn.sum<number>('pending').as('pending')])
    .where('status', 'in', OPEN_RUN_STATUSES)
    .groupBy('status')
    .execute();
  const unresolved = await kysely
    .selectFrom('runs')
    .select(({ fn }) => fn.sum<number | null>('unknown').as('objects'))
    .where(sql<boolean>`unknown > 0`)
    .executeTakeFirst();
  const quarantined = await kysely
    .selectFrom('quarantine')
    .select(({ fn }) => fn.countAll<number>().as('objects'))
    .executeTakeFirst();
  const openRuns: Record<OpenRunStatus, number> = { queued: 0, running: 0, waiting: 0 };
  for (const { status, runs } of open) openRuns[status as OpenRunStatus] = Number(runs);
  return {
    openRuns,
    pending: open.reduce((sum, { pending }) => sum + Number(pending), 0),
    unknown: Number(unresolved?.objects ?? 0),
    quarantined: Number(quarantined?.objects ?? 0),
    databaseBytes: await traits.databaseBytes(kysely),
  };
}
