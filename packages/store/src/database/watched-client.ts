import { Fault } from '@drover/model';
import { PreparingClient } from './preparing-client.js';

/** A server that goes down, comes up or has no connection to give, and a connection that is lost. */
const AWAY_CODE = /^(?:08|53300|57P0|ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)/;
const AWAY_MESSAGE = /^Connection terminated|connection error and is not queryable/;

type Query = (...words: unknown[]) => unknown;

/** A connection whose queries fail with `DATABASE_UNREACHABLE` when it is lost under them: that passes. */
export class WatchedClient extends PreparingClient {
  static {
    const query = PreparingClient.prototype.query as unknown as Query;
    const watched: Query = function (this: WatchedClient, ...words) {
      const answer = query.apply(this, words);
      return answer instanceof Promise ? answer.catch((cause: unknown) => tell(cause, this)) : answer;
    };
    Object.defineProperty(this.prototype, 'query', { value: watched });
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
