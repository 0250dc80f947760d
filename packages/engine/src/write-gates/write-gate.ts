import { Fault, type TaskId } from '@drover/model';
import type { HeldLeases } from '../held-leases.js';
import type { OutgoingWrite, WriteVerdict } from '../ports/plugin-runtime.js';

/** Decides over a vendor write right before it leaves; rejecting stops it. Gates are put in front of one another. */
export type WriteGate = (write: OutgoingWrite) => Promise<WriteVerdict>;

/** The innermost gate of hooks that are about no single object: repeatable calls leave, others have no place there. */
export async function refuseOnceCalls({ call }: OutgoingWrite): Promise<WriteVerdict> {
  if (call.delivery === 'once') throw onceNotAllowed(call.name, 'it has to be made from executeOne');
  return { do: 'send' };
}

/** Lets nothing leave once the task's lease is over: asked before the others, and when they have taken their time. */
export function leaseGate(leases: HeldLeases, taskId: TaskId, next: WriteGate): WriteGate {
  return async (write) => {
    leases.check(taskId);
    const verdict = await next(write);
    return verdict.do === 'send' ? { ...verdict, beforeBytes: () => leases.check(taskId) } : verdict;
  };
}

export function onceNotAllowed(call: string, why: string): Fault {
  return new Fault(
    'ONCE_NOT_ALLOWED',
    `The call ${call} must not be repeated and was not sent: ${why}. Report it to the plugin’s author.`,
    { path: `/calls/${call}` },
  );
}
