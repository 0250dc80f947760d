import { Fault, isFault, toFaultRecord } from '@drover/model';
import type { Invocation, InvocationResult } from './ports/plugin-runtime.js';
import type { PreparedTask, TaskPorts } from './task-ports.js';

/** Whether the signal aborted because the run was cancelled at once, and not for a lost lease or the process's end. */
export function wasCancelled({ aborted, reason }: AbortSignal): boolean {
  return aborted && isFault(reason) && reason.code === 'CANCELLED';
}

/**
 * Our own database was away in the middle of a hook. That is no outcome of the objects, whatever the try: the task ends as if
 * its worker had died, and is taken up again when its lease has run out.
 */
export function throwOutage(result: InvocationResult): void {
  if (!result.ok && result.fault.code === 'DATABASE_UNREACHABLE') {
    throw new Fault(result.fault.code, result.fault.message);
  }
}

/** Runs a hook and keeps its log. Throws `LEASE_LOST` when it was cut off and its task is another worker's to settle. */
export async function invokeHook(
  { runtime, ledger }: Pick<TaskPorts, 'runtime' | 'ledger'>,
  { task, target, context, options }: PreparedTask,
  invocation: Invocation,
): Promise<InvocationResult> {
  const { signal } = options;
  const result = await runtime.invoke(target, context, invocation, options);
  const { log } = result.figures;
  throwOutage(result);
  if (log.length > 0) await ledger.appendLog(task, log);
  if (result.ok || !signal.aborted) return result;
  if (wasCancelled(signal)) return { ...result, fault: toFaultRecord(signal.reason as Fault) };
  throw new Fault('LEASE_LOST', `${task.id} was cut off.`);
}
