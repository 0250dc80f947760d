import { type Transaction, sql } from 'kysely';
import { type Database, amongTexts, jsonOfTexts } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import type { Tables } from '../database/tables.js';

type Trx = Transaction<Tables>;

/** Passes that leave in one transaction. */
const MOST_PASSES = 100;
/** Rows of one table that leave in one transaction. */
const MOST_ROWS = 2_000;

/** The tables with what belongs to runs and passes: the column that says whose a row is, and what tells rows of one apart. */
const BELONGINGS = {
  run: [
    { table: 'outcomes', owner: 'run_id', key: 'position' },
    { table: 'events', owner: 'run_id', key: 'seq' },
    { table: 'tasks', owner: 'run_id', key: 'id' },
    { table: 'journal', owner: 'run_id', key: 'seq' },
    { table: 'run_ranges', owner: 'run_id', key: 'from_position' },
    { table: 'pending_objects', owner: 'run_id', key: 'position' },
    { table: 'plan_requests', owner: 'run_id', key: 'seq' },
    { table: 'plan_objects', owner: 'run_id', key: 'position' },
    { table: 'plan_write_backs', owner: 'run_id', key: 'seq' },
  ],
  pass: [
    { table: 'pass_items', owner: 'pass_id', key: 'position' },
    { table: 'pass_ranges', owner: 'pass_id', key: 'from_position' },
  ],
} as const;

type Kind = keyof typeof BELONGINGS;

/**
 * Takes passes away all of whose runs ended before a time, and the runs with them, in one transaction: nobody finds half a run.
 * What belongs to them is noted down, and leaves by `removeBelongings`. Returns the number of runs and of passes.
 */
export async function forgetPasses(
  { kysely, traits }: Database,
  before: number,
): Promise<{ runs: number; passes: number }> {
  return kysely.transaction().execute(async (trx) => {
    const query = longEnded(trx, before).orderBy('p.id').limit(MOST_PASSES);
    const found = await (traits.rowLocks ? query.forUpdate().skipLocked() : query).execute();
    if (found.length === 0) return { runs: 0, passes: 0 };
    // Whoever makes a run locks the pass: what is long over now that these are locked stays so.
    const ids = jsonOfTexts(found.map(({ id }) => id));
    const locked = await longEnded(trx, before)
      .where(amongTexts(traits, sql.ref('p.id'), ids))
      .execute();
    const passes = jsonOfTexts(locked.map(({ id }) => id));
    const isOfPasses = amongTexts(traits, sql.ref('pass_id'), passes);
    const runs = await trx.deleteFrom('runs').where(isOfPasses).returning('id').execute();
    await trx
      .deleteFrom('passes')
      .where(amongTexts(traits, sql.ref('id'), passes))
      .execute();
    await note(trx, 'pass', locked);
    await note(trx, 'run', runs);
    return { runs: runs.length, passes: locked.length };
  });
}

function longEnded(trx: Trx, before: number) {
  return trx
    .selectFrom('passes as p')
    .select('p.id')
    .where('p.created_at', '<', before)
    .where(({ or, eb }) => or([eb('p.status', 'in', ['done', 'abandoned']), eb('p.mode', '=', 'plan')]))
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('runs as r')
            .select('r.id')
            .whereRef('r.pass_id', '=', 'p.id')
            .where(({ or, eb }) =>
              or([
                eb('r.ended_at', 'is', null),
                eb('r.ended_at', '>=', before),
                // A person has still to say what became of some of its objects.
                eb('r.unknown', '>', 0),
              ]),
            ),
        ),
      ),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('mirror_sends as s')
            .innerJoin('runs as sending', 'sending.id', 's.run_id')
            .select('s.feed_id')
            .whereRef('sending.pass_id', '=', 'p.id'),
        ),
      ),
    );
}

async function note(trx: Trx, kind: Kind, rows: readonly { id: string }[]): Promise<void> {
  if (rows.length === 0) return;
  await trx
    .insertInto('forgotten')
    .values(rows.map(({ id }) => ({ kind, id })))
    .execute();
}

/** Removes rows that belonged to what `forgetPasses` took away; false when none are left, or others are at what is. */
export async function removeBelongings({ kysely, traits }: Database): Promise<boolean> {
  return kysely.transaction().execute(async (trx) => {
    for (const kind of ['run', 'pass'] as const) {
      const query = trx
        .selectFrom('forgotten')
        .select('id')
        .where('kind', '=', kind)
        .orderBy('id')
        .limit(MOST_PASSES);
      const noted = await (traits.rowLocks ? query.forUpdate().skipLocked() : query).execute();
      if (noted.length === 0) continue;
      await removeOf(trx, traits, { kind, ids: jsonOfTexts(noted.map(({ id }) => id)) });
      return true;
    }
    return false;
  });
}

/** Ends after the first table of which more is left than one transaction removes; the notes go when nothing is. */
async function removeOf(
  trx: Trx,
  traits: DialectTraits,
  { kind, ids }: { kind: Kind; ids: string },
): Promise<void> {
  for (const { table, owner, key } of BELONGINGS[kind]) {
    const belongs = amongTexts(traits, sql.ref(owner), ids);
    const some = sql`from ${sql.table(table)} where ${belongs} limit ${sql.lit(MOST_ROWS)}`;
    const { numAffectedRows = 0n } = await sql`delete from ${sql.table(table)}
      where ${traits.isRowAmong([owner, key], some)}`.execute(trx);
    if (numAffectedRows >= MOST_ROWS) return;
  }
  await trx
    .deleteFrom('forgotten')
    .where('kind', '=', kind)
    .where(amongTexts(traits, sql.ref('id'), ids))
    .execute();
}
