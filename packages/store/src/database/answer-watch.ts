import pg from 'pg';

/** How long the server of a connection is waited for. */
export interface Patience {
  /** Milliseconds until a new connection must be there. */
  connectMs: number;
  /** Milliseconds that a statement may go unanswered before it is asked after. */
  answerMs: number;
  /** Milliseconds from one question after it to the next. */
  askAgainMs: number;
}

/** Also where a machine is so loaded that a connection takes seconds. */
export const DEFAULT_PATIENCE: Patience = { connectMs: 10_000, answerMs: 20_000, askAgainMs: 5_000 };

/** A statement is given up when so many questions after it in a row found nobody who works on it. */
const MOST_BAD_WORDS = 2;
const SQLSTATE = /^[0-9A-Z]{5}$/;

/** A connection that is watched. */
export interface Watched {
  /** Of the server's process for it. */
  processID: number | null;
  /** Ends it, so that what waits for an answer fails. */
  drop(error: Error): void;
}

/**
 * Watches over the answers that one connection is owed: a statement may take long, but when nobody works on it any more, because
 * the server or the way to it is gone without a word, it would be waited for as long as the network likes, which may be for
 * ever. So a statement that is late is asked after over another connection.
 */
export class AnswerWatch {
  readonly #watched: Watched;
  readonly #config: pg.ClientConfig;
  readonly #patience: Patience;
  readonly #timer: NodeJS.Timeout;
  #owed = 0;
  /** On the monotonic clock: since when the answer to the statement under way is owed. */
  #since = 0;
  #badWords = 0;
  #isAsking = false;

  /** @param config of connections to the same server */
  constructor(watched: Watched, { config, patience }: { config: pg.ClientConfig; patience: Patience }) {
    this.#watched = watched;
    this.#config = config;
    this.#patience = patience;
    this.#timer = setInterval(() => void this.#look(), patience.askAgainMs);
    this.#timer.unref();
  }

  /** A statement goes out whose answer this is. */
  expect(answer: Promise<unknown>): void {
    if (this.#owed === 0) this.#begin();
    this.#owed += 1;
    const settle = (): void => {
      this.#owed -= 1;
      this.#begin();
    };
    answer.then(settle, settle);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #begin(): void {
    this.#since = performance.now();
    this.#badWords = 0;
  }

  async #look(): Promise<void> {
    const since = this.#since;
    const owedMs = performance.now() - since;
    if (this.#owed === 0 || owedMs < this.#patience.answerMs || this.#isAsking) return;
    this.#isAsking = true;
    const isWorking = await this.#isBeingWorkedOn();
    this.#isAsking = false;
    if (this.#owed === 0 || since !== this.#since) return;
    this.#badWords = isWorking ? 0 : this.#badWords + 1;
    if (this.#badWords < MOST_BAD_WORDS) return;
    this.stop();
    const seconds = Math.round((performance.now() - since) / 1_000);
    const error = new Error(`no answer for ${seconds} s, and nothing works on it`);
    this.#watched.drop(Object.assign(error, { code: 'ETIMEDOUT' }));
  }

  /** True too where nobody can tell: through a PgBouncer, or while the server takes no more connections. */
  async #isBeingWorkedOn(): Promise<boolean> {
    const { connectMs } = this.#patience;
    const timeouts = { connectionTimeoutMillis: connectMs, query_timeout: connectMs };
    const other = new pg.Client({ ...this.#config, ...timeouts });
    other.on('error', () => undefined);
    try {
      await other.connect();
      const { rows } = await other.query<{ own: number; states: (string | null)[] }>(
        `select pg_backend_pid() as own, array(select state from pg_stat_activity where pid = $1) as states`,
        [this.#watched.processID],
      );
      const { own, states } = rows[0]!;
      const isTold = own === (other as unknown as Watched).processID;
      return !isTold || states.some((state) => state === null || !state.startsWith('idle'));
    } catch (error) {
      return SQLSTATE.test((error as { code?: string }).code ?? '');
    } finally {
      void other.end().catch(() => undefined);
    }
  }
}
