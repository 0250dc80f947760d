import { CompiledQuery, type Kysely } from 'kysely';
import type { DialectTraits } from './dialect-traits.js';
import type { Tables } from './tables.js';

/** The text by which a connection knows a list of statements in place of one: they are its parameters. */
export const ROUND_TRIP = '(round trip)';

/** What ends a transaction, within a trip or as the transaction's own word. */
export const COMMIT = 'commit';
const COMMITTING = CompiledQuery.raw(COMMIT);

/** What came of a statement; nothing before its trip is made. */
export interface Answer<Row> {
  rows: Row[];
}

/**
 * Statements that do not need each other's answers, made in one trip to the database, in their order. When one fails, those after it
 * are not made. Outside of a transaction a trip is a transaction of its own on PostgreSQL, and none on SQLite.
 */
export class RoundTrip {
  readonly db: Kysely<Tables>;
  readonly #statements: CompiledQuery[] = [];
  readonly #answers: Answer<unknown>[] = [];

  constructor(db: Kysely<Tables>) {
    this.db = db;
  }

  /** What comes back is there when the trip is made. */
  ask<Row>(statement: CompiledQuery<Row>): Answer<Row> {
    const answer: Answer<Row> = { rows: [] };
    this.#statements.push(statement);
    this.#answers.push(answer);
    return answer;
  }

  /**
   * Commits the trip's transaction here: what is asked afterwards is read outside of it, in the same trip, when its locks are free again.
   * Nothing else may be asked of the transaction once the trip is made.
   */
  askToCommit(): void {
    this.ask(COMMITTING);
  }

  /** As `make`, for the last of a transaction: its commit goes along. Nothing else may be asked of the transaction then. */
  async makeLast(): Promise<void> {
    this.askToCommit();
    await this.make();
  }

  /** Makes what was asked so far; more may be asked afterwards. */
  make(): Promise<void> {
    return this.#makeBy(async (statements) => {
      const trip = CompiledQuery.raw(ROUND_TRIP, statements) as never;
      return (await this.db.executeQuery<unknown[]>(trip)).rows;
    });
  }

  /** Makes what was asked so far as a transaction of its own, which is on the disk when this resolves. */
  makeDurably({ commitDurably }: DialectTraits): Promise<void> {
    return this.#makeBy((statements) => commitDurably(this.db, statements));
  }

  async #makeBy(make: (statements: CompiledQuery[]) => Promise<unknown[][]>): Promise<void> {
    const statements = this.#statements.splice(0);
    const answers = this.#answers.splice(0);
    if (statements.length === 0) return;
    const rows = await make(statements);
    for (const [at, answer] of answers.entries()) answer.rows = rows[at]!;
  }
}

/** Makes these statements as a transaction, and answers with the rows of each. */
export function commitTogether(
  kysely: Kysely<Tables>,
  statements: readonly CompiledQuery[],
): Promise<unknown[][]> {
  return kysely.transaction().execute(async (trx) => {
    const trip = new RoundTrip(trx);
    const answers = statements.map((one) => trip.ask(one));
    await trip.makeLast();
    return answers.map(({ rows }) => rows);
  });
}
