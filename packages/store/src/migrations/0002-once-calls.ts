import { type Kysely, sql } from 'kysely';

/**
 * Calls that must not be repeated: at most one for an object and run counts (kind `call`), by the database's own word;
 * one that was certainly not sent has the kind `unsent`. And runs that are cancelled at once.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create unique index journal_once on journal (run_id, object_seq) where kind = 'call'`.execute(db);
  await db.schema
    .alterTable('runs')
    .addColumn('cancel_at_once', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
}
