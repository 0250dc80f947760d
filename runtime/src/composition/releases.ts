import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '@drover/model';

export interface ReleaseOptions {
  /** Wait for nothing in flight. */
  abandon: boolean;
  /** How long what is in flight may take. Absent: as long as it takes. */
  drainMs?: number | undefined;
}

type Release = (options: ReleaseOptions) => Promise<void>;

interface Held {
  /** In a sentence, such as `the database`. */
  name: string;
  release: Release;
  /** What is in flight is its own: it takes as long as that does. */
  drains: boolean;
}

/** What letting go of everything may take beside what is in flight: cut off work ends, processes and connections are closed. */
const CLOSING_MS = 10_000;
/** What comes after something that took all the time. */
const LEAST_MS = 200;

/** What has been acquired and must be let go of, last acquired first. */
export class Releases {
  readonly #closingMs: number;
  #stack: Held[] = [];
  #options: ReleaseOptions | undefined;

  constructor({ closingMs = CLOSING_MS }: { closingMs?: number } = {}) {
    this.#closingMs = closingMs;
  }

  /** What comes when everything has been let go of already is let go of at once. */
  add(name: string, release: Release, { drains = false }: { drains?: boolean } = {}): void {
    if (this.#options === undefined) this.#stack.push({ name, release, drains });
    else void release(this.#options).catch(() => undefined);
  }

  /**
   * Lets go of everything, also where one release fails, and then throws the first failure. It takes ten seconds at most, beside
   * what is in flight; then what is left is left to the end of the process. Fault: `STOP_OVERDUE`.
   */
  async run(options: ReleaseOptions): Promise<void> {
    this.#options = options;
    const failures: unknown[] = [];
    const overdue: string[] = [];
    let until = performance.now() + this.#closingMs + (options.abandon ? 0 : (options.drainMs ?? 0));
    for (const { name, release, drains } of this.#stack.splice(0).toReversed()) {
      const released = release(options).catch((error: unknown) => void failures.push(error));
      if (drains && !options.abandon && options.drainMs === undefined) {
        await released;
        until = performance.now() + this.#closingMs;
      } else if (!(await isOverIn(Math.max(LEAST_MS, until - performance.now()), released))) {
        overdue.push(name);
      }
    }
    if (failures.length > 0) throw failures[0];
    if (overdue.length > 0) throw overdueFault(overdue);
  }
}

async function isOverIn(ms: number, released: Promise<void>): Promise<boolean> {
  const inTime = new AbortController();
  const late = sleep(ms, false, { signal: inTime.signal }).catch(() => false);
  try {
    return await Promise.race([released.then(() => true), late]);
  } finally {
    inTime.abort();
  }
}

function overdueFault(names: readonly string[]): Fault {
  return new Fault(
    'STOP_OVERDUE',
    `The process ended before these had come to their end: ${names.join(', ')}. What it held is taken up again when its leases run out.`,
  );
}
