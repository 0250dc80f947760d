import type { ServeState } from '@drover/engine';
import type { Parts } from '../composition/parts.js';

const LOOK_MS = 250;

/** Executes and schedules until the parts are closed. The timer alone keeps no process alive. */
export async function serve(parts: Parts, listener: (state: ServeState) => void): Promise<void> {
  const engine = await parts.engine();
  let told: ServeState | undefined;
  const look = (): void => {
    const state = engine.isExecuting ? 'executing' : 'stand-by';
    if (state === told) return;
    told = state;
    listener(state);
  };
  await engine.start();
  await engine.startScheduler();
  look();
  setInterval(look, LOOK_MS).unref();
}
