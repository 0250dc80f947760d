import { Fault } from '@drover/model';
import type { CompiledQuery } from 'kysely';
import pg from 'pg';
import { COMMIT, ROUND_TRIP } from './round-trip.js';
import { type BatchResult, type BatchStatement, KeptStatements, StatementBatch } from './statement-batch.js';

/** Statements kept prepared on each connection, by their text. Those that come later are planned anew each time. */
const MAX_PREPARED = 300;
/** A statement that comes a third time will come again. */
const PREPARED_FROM = 3;

const seen = new Map<string, { times: number; name: string }>();

/** The name under which a statement stays prepared on its connection; none for one that is rare. */
function nameOf(text: string): string | undefined {
  let known = seen.get(text);
  if (known === undefined) {
    if (seen.size >= MAX_PREPARED) return undefined;
    known = { times: 0, name: `drover_${seen.size}` };
    seen.set(text, known);
  }
  known.times += 1;
  return known.times < PREPARED_FROM ? undefined : known.name;
}

interface Result {
  command: string;
  rowCount: number | null;
  rows: unknown[];
}
type Query = (this: PreparingClient, ...words: unknown[]) => Promise<Result>;

const BEGIN = 'begin';
/** What the server says of a commit. */
const COMMITTED = 'COMMIT';
const BEGINNING: BatchStatement = { text: BEGIN, values: [], isKept: true };

/**
 * A connection that has the server parse and plan a statement once and not each time: for the few statements that every batch
 * runs, planning costs more than running them. What a `RoundTrip` holds leaves in one write, and so does the beginning of a
 * transaction with its first statement: what a short statement costs is mostly its way there and back.
 */
export class PreparingClient extends pg.Client {
  /** A transaction was begun, of which the server does not know yet. */
  #begins = false;
  /** A trip has ended the transaction, which the caller will now do. */
  #hasCommitted = false;
  readonly #kept = new KeptStatements();

  static {
    const send = pg.Client.prototype.query as unknown as Query;
    const prepared: Query = function (this: PreparingClient, ...words) {
      const [text, values] = words as [unknown, readonly unknown[] | undefined];
      if (text === BEGIN) {
        this.#begins = true;
        return Promise.resolve(resultOf({ tag: 'BEGIN', rows: [] }));
      }
      const begins = this.#begins;
      this.#begins = false;
      const hasCommitted = this.#hasCommitted;
      this.#hasCommitted = false;
      if ((begins || hasCommitted) && (text === COMMIT || text === 'rollback')) {
        return Promise.resolve(resultOf({ tag: text.toUpperCase(), rows: [] }));
      }
      if (text === ROUND_TRIP) return this.#makeTrip(values as readonly CompiledQuery[], begins);
      if (typeof text !== 'string' || values === undefined || values.length === 0) {
        return begins ? send.call(this, BEGIN).then(() => send.apply(this, words)) : send.apply(this, words);
      }
      const name = nameOf(text);
      if (begins) return this.#sendFirst({ text, values, isKept: name !== undefined });
      return send.apply(this, name === undefined ? words : [{ name, text, values }]);
    };
    Object.defineProperty(this.prototype, 'query', { value: prepared });
  }

  async #sendFirst(statement: BatchStatement): Promise<Result> {
    const [, result] = await this.#send([BEGINNING, statement]);
    return resultOf(result!);
  }

  async #makeTrip(statements: readonly CompiledQuery[], begins: boolean): Promise<Result> {
    const batch = statements.map(({ sql, parameters }) => ({ text: sql, values: parameters, isKept: true }));
    const results = await this.#send(begins ? [BEGINNING, ...batch] : batch);
    this.#hasCommitted = batch.some(({ text }) => text === COMMIT);
    const rows = (begins ? results.slice(1) : results).map((one) => one.rows);
    return { command: ROUND_TRIP, rowCount: null, rows };
  }

  #send(statements: readonly BatchStatement[]): Promise<BatchResult[]> {
    return new Promise((resolve, reject) => {
      const done = (error?: unknown): void => {
        if (error === undefined) resolve(batch.results);
        else reject(batch.results.some(({ tag }) => tag === COMMITTED) ? afterCommit(error) : error);
      };
      const batch = new StatementBatch(statements, { client: this, kept: this.#kept, done });
      super.query(batch as unknown as pg.Submittable);
    });
  }
}

/** What went wrong behind a commit undoes nothing: it is for the caller as if the connection had been lost over that. */
function afterCommit(cause: unknown): Fault {
  const { message } = cause as { message?: string };
  return new Fault('DATABASE_UNREACHABLE', `The database has committed and then failed: ${message}.`, {
    cause,
  });
}

/** What was done, as the driver says it. */
function resultOf({ tag, rows }: BatchResult): Result {
  const words = tag.split(' ');
  return {
    command: words[0]!,
    rowCount: words.length === 1 ? null : Number(words.at(-1)),
    rows,
  };
}
