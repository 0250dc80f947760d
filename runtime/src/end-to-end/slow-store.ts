import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { join } from 'node:path';

const SQLITE_BUSY = 5;
/** A statement that takes longer than any test. */
const FOR_EVER =
  'select count(*) from (with recursive n(x) as (select 1 union all select x + 1 from n limit 1e11) select x from n)';

/**
 * Lets whoever makes such a change in the data folder's SQLite database hang in the middle of its transaction, so that it
 * can be killed there.
 *
 * @param change such as `insert on plugins when new.action_id = 2`
 */
export function hangAt(dataDir: string, change: string): { withdraw(): void } {
  execute(dataDir, `create trigger hang after ${change} begin ${FOR_EVER}; end`);
  return { withdraw: () => execute(dataDir, 'drop trigger hang') };
}

/** One row straight from the database, as it is committed, beside whatever process has it open. */
export function askStore(dataDir: string, query: string): Record<string, SQLOutputValue> | undefined {
  return using(dataDir, (database) => database.prepare(query).get());
}

export function countRows(dataDir: string, table: string): number {
  return askStore(dataDir, `select count(*) as n from ${table}`)!['n'] as number;
}

/** Whether somebody has held the database's write lock for the last third of a second. */
export function isHanging(dataDir: string): boolean {
  try {
    execute(dataDir, 'pragma busy_timeout = 300; begin immediate; rollback');
    return false;
  } catch (error) {
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return true;
    throw error;
  }
}

function execute(dataDir: string, statement: string): void {
  using(dataDir, (database) => database.exec(statement));
}

function using<Result>(dataDir: string, use: (database: DatabaseSync) => Result): Result {
  const database = new DatabaseSync(join(dataDir, 'drover.db'), { timeout: 5_000 });
  try {
    return use(database);
  } finally {
    database.close();
  }
}
