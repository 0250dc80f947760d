import { type Database, amongSeqs, amongTexts, jsonOfSeqs, jsonOfTexts } from '../database/database.js';
import { sql } from 'kysely';

const MOST_COMMANDS = 500;
const MOST_PULLS = 100;
const MOST_ENTRIES = 2_000;

/** Records of commands that ended before a time. */
export async function forgetCommands({ kysely }: Database, before: number): Promise<number> {
  const { numDeletedRows } = await kysely
    .deleteFrom('command_runs')
    .where('id', 'in', (inner) =>
      inner
        .selectFrom('command_runs')
        .select('id')
        .where('ended_at', '<', before)
        .orderBy('id')
        .limit(MOST_COMMANDS),
    )
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/** Pulls that ended before a time, but for the last of each feed. */
export async function forgetPulls({ kysely, traits }: Database, before: number): Promise<number> {
  return kysely.transaction().execute(async (trx) => {
    const rows = await trx
      .selectFrom('pulls as p')
      .select('p.id')
      .where('p.ended_at', '<', before)
      .where(({ exists, selectFrom }) =>
        exists(
          selectFrom('pulls as later')
            .select('later.id')
            .whereRef('later.feed_id', '=', 'p.feed_id')
            .whereRef('later.created_at', '>', 'p.created_at'),
        ),
      )
      .orderBy('p.id')
      .limit(MOST_PULLS)
      .execute();
    if (rows.length === 0) return 0;
    const ids = jsonOfTexts(rows.map(({ id }) => id));
    const isOfPulls = amongTexts(traits, sql.ref('pull_id'), ids);
    await trx.deleteFrom('pull_reasons').where(isOfPulls).execute();
    await trx.deleteFrom('pull_log').where(isOfPulls).execute();
    await trx
      .deleteFrom('pulls')
      .where(amongTexts(traits, sql.ref('id'), ids))
      .execute();
    return rows.length;
  });
}

/** A table that is only ever added to, in about the order of its times. */
export type Chronicle = 'attribute_history' | 'mirror_conflicts';

/**
 * Takes entries from before a time away, a page from its oldest on. `after` is where the last page ended; the next one is left out
 * where this one had nothing to take away.
 */
export async function forgetEntries(
  { kysely, traits }: Database,
  table: Chronicle,
  { before, after }: { before: number; after: number },
): Promise<{ entries: number; after?: number }> {
  const page = await kysely
    .selectFrom(table)
    .select(['seq', 'at'])
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(MOST_ENTRIES)
    .execute();
  const old = page.filter(({ at }) => at < before).map(({ seq }) => seq);
  if (old.length === 0) return { entries: 0 };
  await kysely
    .deleteFrom(table)
    .where(amongSeqs(traits, 'seq', jsonOfSeqs(old)))
    .execute();
  return { entries: old.length, after: page.at(-1)!.seq };
}
