import { type Database, overPostgresPool, postgresPool } from '@drover/store';
import { sql } from 'kysely';
import { type EmptyDatabase, makeMigratedPostgres } from './postgres-databases.js';

/** What the migrator writes; all else is empty in a fresh database. */
const MIGRATOR_TABLES = 'kysely\\_%';
const IDLE_MS = 1_000;

interface Kept {
  pool: ReturnType<typeof postgresPool>;
  made: EmptyDatabase;
}

/**
 * Databases with this version's schema that are emptied and used again, connections and all: making one, and warming
 * connections to it, takes longer than most of the tests over it.
 */
export class RecycledPostgres {
  readonly #free: Kept[] = [];

  /** An empty database. Who still holds it after `remove` gets no connection any more. */
  async open(): Promise<{ database: Database; remove(): Promise<void> }> {
    const kept = this.#free.pop() ?? (await make());
    let isRemoved = false;
    const database = overPostgresPool({
      options: {},
      connect: async () => {
        if (isRemoved) throw new Error('This database of a test has been closed.');
        return kept.pool.connect();
      },
      end: async () => undefined,
    });
    return {
      database,
      remove: async () => {
        isRemoved = true;
        await database.close();
        if (await isEmptied(kept)) this.#free.push(kept);
        else await end(kept);
      },
    };
  }

  /** Removes those that nobody uses. */
  async clear(): Promise<void> {
    for (const kept of this.#free.splice(0)) await end(kept);
  }
}

async function make(): Promise<Kept> {
  const made = await makeMigratedPostgres();
  return { made, pool: postgresPool(made.url) };
}

async function end({ pool, made }: Kept): Promise<void> {
  await pool.end();
  await made.remove();
}

/** False when something over it does not come to its end. */
async function isEmptied({ pool }: Kept): Promise<boolean> {
  const { kysely } = overPostgresPool(pool);
  const lastLook = Date.now() + IDLE_MS;
  while (await isBusy(kysely)) if (Date.now() > lastLook) return false;
  // One round trip. Triggers of foreign keys rest meanwhile, so that the order does not matter.
  await sql`do $$
    declare place record;
    begin
      set local session_replication_role = replica;
      for place in select tablename as name from pg_tables
        where schemaname = 'public' and tablename not like ${sql.lit(MIGRATOR_TABLES)}
      loop execute format('delete from %I', place.name); end loop;
      for place in select sequencename as name, start_value as start from pg_sequences where schemaname = 'public'
      loop perform setval(quote_ident(place.name), place.start, false); end loop;
    end $$`.execute(kysely);
  return true;
}

async function isBusy(kysely: Database['kysely']): Promise<boolean> {
  const { rows } = await sql`select from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle' limit 1`.execute(
    kysely,
  );
  return rows.length > 0;
}
