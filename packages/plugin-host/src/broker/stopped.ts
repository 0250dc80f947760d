import { Fault, isFault } from '@drover/model';

/** Why a signal aborted, as a fault: the reason when it is one, else `CANCELLED`. */
export function stoppedFault(signal: AbortSignal): Fault {
  if (isFault(signal.reason)) return signal.reason;
  return new Fault('CANCELLED', 'The call was stopped before it came to an end.');
}

/** The promise, or the fault of the signal as soon as that aborts. The promise itself goes on. */
export async function orStopped<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const stopped = Promise.withResolvers<never>();
  const stop = () => stopped.reject(stoppedFault(signal));
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([promise, stopped.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
