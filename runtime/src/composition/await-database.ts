import { setTimeout as sleep } from 'node:timers/promises';
import { asFault, type Fault, isFault } from '@drover/model';
import type { Parts } from './parts.js';

const PATIENCE_MS = 60_000;
const AGAIN_MS = 500;
/** What a server says that is on its way down or up, and what a machine says whose server does not run yet. */
const COMING = /^(?:57P0[123]|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT)$/;
const COMING_MESSAGE = /^(?:Connection terminated|timeout expired$)/;

/**
 * Opens the database, and waits for a server that does not take connections yet, for a minute at most: after a power cut, or
 * when it is upgraded, it starts along with whoever serves. `onWait` is told once. Fault: `DATABASE_UNREACHABLE`, at once
 * where time will not help, such as with a wrong password, and when `signal` aborts.
 */
export async function awaitDatabase(
  parts: Pick<Parts, 'database'>,
  {
    onWait,
    patienceMs = PATIENCE_MS,
    signal,
  }: { onWait(fault: Fault): void; patienceMs?: number; signal?: AbortSignal | undefined },
): Promise<void> {
  const until = performance.now() + patienceMs;
  for (let isFirst = true; ; isFirst = false) {
    try {
      await parts.database();
      return;
    } catch (error) {
      if (!isComing(error) || performance.now() > until || signal?.aborted === true) throw error;
      if (isFirst) onWait(asFault(error));
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => Promise.reject(error));
    }
  }
}

function isComing(error: unknown): boolean {
  if (!isFault(error) || error.code !== 'DATABASE_UNREACHABLE') return false;
  const { code, message = '' } = (error.cause ?? {}) as { code?: string; message?: string };
  return COMING.test(code ?? '') || COMING_MESSAGE.test(message);
}
