import type { ServeOptions, ServeState } from '@drover/engine';
import { isFault, toFaultRecord } from '@drover/model';
import { loadReads } from '@drover/plugin-host';
import { BullDoorbell } from '@drover/queue';
import { awaitDatabase } from '../composition/await-database.js';
import type { Parts } from '../composition/parts.js';

const LOOK_MS = 250;
/** Redis is away or refuses commands, which may pass. */
const MAY_PASS: readonly string[] = ['REDIS_UNREACHABLE', 'REDIS_REFUSES'];

/**
 * Does what its role says until the parts are closed. The timer alone keeps no process alive. Told to stop before it has begun, it
 * does not begin.
 */
export async function serve(
  parts: Parts,
  listener: (state: ServeState) => void,
  { role = parts.surroundings.settings.role, signal }: ServeOptions,
): Promise<void> {
  const isOver = (): boolean => signal?.aborted === true;
  const log = await parts.log();
  // Before it waits for anything, so that a process that waits is not taken for one that hangs.
  await parts.healthUrl();
  await awaitDatabase(parts, {
    signal,
    onWait: (fault) => log.warn({ fault: toFaultRecord(fault) }, 'waiting for the database'),
  });
  await openQueue(parts);
  const engine = await parts.engine();
  if (role !== 'scheduler') await loadCalls();
  if (isOver()) return;
  let told: ServeState | undefined;
  const look = (): void => {
    const state = role === 'scheduler' ? 'scheduling' : engine.isExecuting ? 'executing' : 'stand-by';
    if (state === told) return;
    told = state;
    listener(state);
  };
  if (role !== 'scheduler') await engine.start({ role });
  if (role !== 'worker') await engine.startScheduler();
  if (isOver()) return;
  (await parts.health()).started();
  look();
  setInterval(look, LOOK_MS).unref();
}

/** What the first call to a vendor needs. Commands that end soon leave it until then; here, it would keep a run waiting. */
async function loadCalls(): Promise<void> {
  await Promise.all([import('../composition/make-broker.js'), loadReads()]);
}

/** A queue that is away is joined when it is there: it only saves time. One that will not do is refused. */
async function openQueue(parts: Parts): Promise<void> {
  const doorbell = await parts.doorbell();
  if (!(doorbell instanceof BullDoorbell)) return;
  try {
    await doorbell.open();
  } catch (error) {
    if (!isFault(error) || !MAY_PASS.includes(error.code)) throw error;
    const log = await parts.log();
    log.warn(
      { fault: toFaultRecord(error) },
      'beginning without the queue, whose work is found within a second',
    );
  }
}
