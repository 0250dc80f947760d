import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '@drover/model';
import type { PgPool, PgPoolClient } from 'bullmq';
import type { Pool, PoolClient } from 'pg';

/** BullMQ's tables and functions are in a schema of their own. Over a pool that it is given, it looks for no other name. */
const SCHEMA = 'bullmq';

/** One listens, one migrates or rings, the others fetch and finish. */
const MAX_CONNECTIONS = 4;
const CONNECT_MS = 5_000;
const KEEP_ALIVE_MS = 10_000;
/** BullMQ's worker asks again as soon as a query failed, so a failed one takes a while. */
const FAILED_MS = 500;
const PROBE_MS = 500;
/** PostgreSQL answers with one of these when it goes down, comes up, or has no connection to give. */
const AWAY = /^(?:08|53|57P0)/;
const SQLSTATE = /^[0-9A-Z]{5}$/;

/** The connections of one queue in PostgreSQL. They are opened again by themselves for as long as it is open. */
export class PostgresLink {
  readonly #url: string;
  readonly #onError: (fault: Fault) => void;
  #pool: Promise<Pool> | undefined;
  #isConnected = false;
  #isClosed = false;
  #wasLost = false;
  readonly #losses = new WeakSet<Error>();

  /** @param onError told once each time that the database is lost */
  constructor(url: string, onError: (fault: Fault) => void) {
    this.#url = url;
    this.#onError = onError;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /**
   * Whether the error says no more than that the database was lost, which `onError` is told of. BullMQ passes on the
   * error of a query that failed when the database may be back already.
   */
  saysLost(error: Error): boolean {
    return this.#losses.has(error) || AWAY.test((error as { code?: string }).code ?? '');
  }

  /** Host and database: nothing that is secret. */
  get place(): string {
    const { host, pathname } = new URL(this.#url);
    return `${host}${pathname}`;
  }

  /** A pool whose connections are watched, as BullMQ takes one. It is closed by `close` alone. */
  async pool(): Promise<PgPool> {
    const pool = await this.#opened();
    return {
      query: async (text: string, values?: readonly unknown[]) =>
        this.#watched(() => pool.query(text, values as unknown[])),
      connect: () => this.#watched(() => this.#connect(pool)),
      end: async () => undefined,
      on: () => undefined,
      removeAllListeners: () => undefined,
      // BullMQ asks whether a silently lost connection will be noticed.
      options: { keepAlive: true },
    } as unknown as PgPool;
  }

  /** Resolves when it is connected and BullMQ's schema is this version's. Fault: `DATABASE_UNREACHABLE`. */
  async migrated(): Promise<void> {
    try {
      const client = await this.#connect(await this.#opened());
      try {
        await migrate(client);
      } finally {
        client.release();
      }
    } catch (cause) {
      throw this.#unreachable(cause as Error);
    }
    this.#found();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#isConnected = false;
    await (await this.#pool)?.end();
  }

  #opened(): Promise<Pool> {
    this.#pool ??= this.#open();
    return this.#pool;
  }

  async #open(): Promise<Pool> {
    const { Pool: PgPoolClass } = await import('./postgres-libraries.js');
    const pool = new PgPoolClass({
      connectionString: withOptions(this.#url),
      max: MAX_CONNECTIONS,
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    });
    pool.on('error', (error) => this.#lost(error));
    // The pool listens to those that lie idle; those in use are not its own.
    pool.on('connect', (client) => void client.on('error', (error) => this.#lost(error)));
    return pool;
  }

  async #connect(pool: Pool): Promise<PgPoolClient & PoolClient> {
    return (await pool.connect()) as PgPoolClient & PoolClient;
  }

  async #watched<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      const result = await work();
      this.#found();
      return result;
    } catch (error) {
      if (isAway(error as Error)) this.#lost(error as Error);
      if (!this.#isClosed) await sleep(FAILED_MS, undefined, { ref: false });
      throw error;
    }
  }

  #found(): void {
    if (this.#isClosed) return;
    this.#isConnected = true;
    this.#wasLost = false;
  }

  #lost(error: Error): void {
    this.#losses.add(error);
    this.#isConnected = false;
    if (this.#wasLost || this.#isClosed) return;
    this.#wasLost = true;
    this.#onError(this.#unreachable(error));
    void this.#probe();
  }

  /** Who only rings would never hear that the database is back. */
  async #probe(): Promise<void> {
    const pool = await this.#opened();
    while (this.#wasLost && !this.#isClosed) {
      await sleep(PROBE_MS, undefined, { ref: false });
      await pool.query('select 1').then(
        () => this.#found(),
        () => undefined,
      );
    }
  }

  #unreachable(cause: Error): Fault {
    const reason = cause.message || (cause as { code?: string }).code || 'no answer';
    return new Fault(
      'DATABASE_UNREACHABLE',
      `The queue in the database ${this.place} cannot be used: ${reason}.`,
      { cause },
    );
  }
}

/** Asks first: most starts find the schema as it should be, and need neither a lock nor the right to create one. */
async function migrate(client: PgPoolClient): Promise<void> {
  const { LATEST_SCHEMA_VERSION, assertSchemaCompatibility, runMigrations } =
    await import('./postgres-libraries.js');
  const version = await assertSchemaCompatibility(client, SCHEMA).catch((error: Error) => {
    if (error.name === 'SchemaMigrationRequiredError') return 0;
    throw error;
  });
  if (version < LATEST_SCHEMA_VERSION) await runMigrations(client, SCHEMA);
}

/** Names in BullMQ's statements are found in its schema. A ring that a crash of the server loses need not be on its disk. */
function withOptions(text: string): string {
  const url = new URL(text);
  const settings = [`-c search_path=${SCHEMA}`, '-c synchronous_commit=off'];
  const given = url.searchParams.getAll('options');
  url.searchParams.set('options', [...given, ...settings].join(' '));
  return url.href;
}

/** A server that refuses a statement is there. */
function isAway(error: Error): boolean {
  const { code } = error as { code?: string };
  return code === undefined || !SQLSTATE.test(code) || AWAY.test(code);
}
