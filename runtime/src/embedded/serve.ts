import type { ServeOptions, ServeState } from '@drover/engine';
import { BullDoorbell } from '@drover/queue';
import type { Parts } from '../composition/parts.js';

const LOOK_MS = 250;

/** Does what its role says until the parts are closed. The timer alone keeps no process alive. */
export async function serve(
  parts: Parts,
  listener: (state: ServeState) => void,
  { role = parts.surroundings.settings.role }: ServeOptions,
): Promise<void> {
  const doorbell = await parts.doorbell();
  if (doorbell instanceof BullDoorbell) await doorbell.open();
  await parts.healthUrl();
  const engine = await parts.engine();
  let told: ServeState | undefined;
  const look = (): void => {
    const state = role === 'scheduler' ? 'scheduling' : engine.isExecuting ? 'executing' : 'stand-by';
    if (state === told) return;
    told = state;
    listener(state);
  };
  if (role !== 'scheduler') await engine.start({ role });
  if (role !== 'worker') await engine.startScheduler();
  look();
  setInterval(look, LOOK_MS).unref();
}
