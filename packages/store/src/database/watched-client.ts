import { Fault } from '@drover/model';
import type pg from 'pg';
import { AnswerWatch, DEFAULT_PATIENCE, type Patience, type Watched } from './answer-watch.js';
import { PreparingClient } from './preparing-client.js';

/** A server that goes down, comes up or has no connection to give, and a connection that is lost. */
const AWAY_CODE = /^(?:08|53300|57P0|ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)/;
const AWAY_MESSAGE = /^Connection terminated|connection error and is not queryable/;
/** A network forgets connections on which nothing is said. */
const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 };

type Query = (...words: unknown[]) => unknown;
type Connect = (this: WatchedClient, done: (error?: Error | null) => void) => void;

/** What a connection is opened with. */
export type WatchedClientConfig = pg.ClientConfig & { patience?: Patience };

/**
 * A connection whose queries fail with `DATABASE_UNREACHABLE` when it is lost under them, also where it is lost without a word:
 * that passes. One that does not come about in time is given up.
 */
export class WatchedClient extends PreparingClient {
  readonly #watch: AnswerWatch;

  static {
    const query = PreparingClient.prototype.query as unknown as Query;
    const watched: Query = function (this: WatchedClient, ...words) {
      const answer = query.apply(this, words);
      if (!(answer instanceof Promise)) return answer;
      this.#watch.expect(answer);
      return answer.catch((cause: unknown) => tell(cause, this));
    };
    Object.defineProperty(this.prototype, 'query', { value: watched });

    const connect = PreparingClient.prototype.connect as Connect;
    // The driver leaves a connection that it cannot log in on to the server, which takes its time to close it.
    const closing: Connect = function (this: WatchedClient, done) {
      connect.call(this, (error) => {
        if (error !== undefined && error !== null) this.drop(error);
        done(error);
      });
    };
    Object.defineProperty(this.prototype, 'connect', { value: closing });
  }

  constructor({ patience = DEFAULT_PATIENCE, ...given }: WatchedClientConfig) {
    const config = { ...KEEP_ALIVE, connectionTimeoutMillis: patience.connectMs, ...given };
    super(config);
    this.#watch = new AnswerWatch(this as unknown as Watched, { config, patience });
    this.once('end', () => this.#watch.stop());
  }

  /** Ends it at once. What waits for an answer fails with this error. */
  drop(error: Error): void {
    (
      this as unknown as { connection: { stream: { destroy(error: Error): void } } }
    ).connection.stream.destroy(error);
  }
}

function tell(cause: unknown, { host, port, database }: WatchedClient): never {
  const { code = '', message = '' } = cause as { code?: string; message?: string };
  if (!AWAY_CODE.test(code) && !AWAY_MESSAGE.test(message)) throw cause;
  throw new Fault(
    'DATABASE_UNREACHABLE',
    `The database ${host}:${port}/${database ?? ''} cannot be used: ${message || code}.`,
    { cause },
  );
}
