import { type Fault, toFaultRecord } from '@drover/model';
import type { Logger } from 'pino';

/** The engine looks for work once a second: what keeps it from it is said that often. */
const SAY_AGAIN_MS = 60_000;

/**
 * Logs faults of work that has no run to keep them. The same one over and over, as while a disk is full or the database is
 * away, is logged at once and then once a minute, with how often it came in between.
 */
export function engineErrors(
  log: Pick<Logger, 'error'>,
  now = () => performance.now(),
): (fault: Fault) => void {
  const said = new Map<string, { at: number; since: number }>();
  return (fault) => {
    const key = `${fault.code} ${fault.message}`;
    const before = said.get(key);
    if (before !== undefined && now() - before.at < SAY_AGAIN_MS) {
      before.since += 1;
      return;
    }
    const times = before === undefined || before.since === 0 ? {} : { alsoSinceThen: before.since };
    for (const [other, { at }] of said) if (now() - at >= SAY_AGAIN_MS) said.delete(other);
    said.set(key, { at: now(), since: 0 });
    log.error({ fault: toFaultRecord(fault), stack: fault.stack, ...times }, 'work without a run failed');
  };
}
