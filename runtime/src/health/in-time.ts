import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '@drover/model';

/** Well within the ten seconds that Prometheus gives a scrape. */
const PATIENCE_MS = 2_500;

/** What the database answers, if it does so in time; what comes later goes unheard. Fault: `DATABASE_UNREACHABLE`. */
export async function inTime<Answer>(look: Promise<Answer>): Promise<Answer> {
  const answered = new AbortController();
  try {
    return await Promise.race([look, lateness(answered.signal)]);
  } finally {
    answered.abort();
  }
}

async function lateness(signal: AbortSignal): Promise<never> {
  await sleep(PATIENCE_MS, undefined, { signal });
  throw new Fault(
    'DATABASE_UNREACHABLE',
    `The database has not answered for ${PATIENCE_MS / 1_000} seconds.`,
  );
}
