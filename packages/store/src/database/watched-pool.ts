import { Fault } from '@drover/model';
import pg from 'pg';
import { PreparingClient } from './preparing-client.js';

/** A server that goes down, comes up or has no connection to give, and a connection that is lost. */
const AWAY_CODE = /^(?:08|53300|57P0|ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)/;
const AWAY_MESSAGE = /^Connection terminated|connection error and is not queryable|^Query read timeout/;

/** A client whose queries fail with `DATABASE_UNREACHABLE` when it is the server that is away: that passes. */
class WatchedClient extends PreparingClient {
  // The overloads of the driver are many; what comes back is what it gives.
  override query(...words: unknown[]): never {
    const query = super.query as (...all: unknown[]) => unknown;
    const answer = query.apply(this, words);
    return (answer instanceof Promise ? answer.catch((error) => tell(error, this)) : answer) as never;
  }
}

/** A pool of such clients; when none can be connected, that is the same fault. */
export class WatchedPool extends pg.Pool {
  constructor(config: pg.PoolConfig) {
    super({ ...config, Client: WatchedClient as never });
  }

  override connect(...words: unknown[]): never {
    const connect = super.connect as (...all: unknown[]) => unknown;
    const answer = connect.apply(this, words);
    if (!(answer instanceof Promise)) return answer as never;
    return answer.catch((error) => tell(error, new pg.Client(this.options))) as never;
  }
}

function tell(cause: unknown, { host, port, database }: pg.Client): never {
  const { code = '', message = '' } = cause as { code?: string; message?: string };
  if (!AWAY_CODE.test(code) && !AWAY_MESSAGE.test(message)) throw cause;
  const place = `${host}:${port}/${database ?? ''}`;
  throw new Fault('DATABASE_UNREACHABLE', `The database ${place} cannot be used: ${message || code}.`, {
    cause,
  });
}
