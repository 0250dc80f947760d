import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** What a process says of itself beside a lease, so that others can tell whether it still lives. */
export type ProcessIdentity = {
  host: string;
  pid: number;
  /** Of the machine since its last start; absent where there is no /proc, as are the next two. */
  boot?: string;
  /** Process ids mean the same to processes of one namespace only. */
  namespace?: string;
  /** Tells a process from a later one with the same id. */
  started?: string;
};

export function ownIdentity(): ProcessIdentity {
  return {
    host: hostname(),
    pid: process.pid,
    boot: attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    namespace: attempt(() => readlinkSync('/proc/self/ns/pid')),
    started: startOf(process.pid),
  };
}

/** Whether the process that says this of itself is known to be dead. What cannot be known counts as alive. */
export function isKnownDead(other: Partial<ProcessIdentity>): boolean {
  const own = ownIdentity();
  if (other.host !== own.host || other.pid === undefined) return false;
  if (own.boot === undefined || other.boot === undefined) return !isRunning(other.pid);
  if (other.boot !== own.boot) return true;
  if (other.namespace !== own.namespace) return false;
  return startOf(other.pid) !== other.started;
}

/** When a process started, in ticks since the machine did: the 22nd field of its `stat`. */
function startOf(pid: number): string | undefined {
  return attempt(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the name in brackets and may itself hold blanks and brackets.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
