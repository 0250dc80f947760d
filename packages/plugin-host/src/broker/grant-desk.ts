import type { Governor } from '@drover/engine';
import { type CallSpec, DEFAULT_MAX_WAIT_MS, type PluginManifest } from '@drover/model';
import type { Clock } from './clock.js';
import { GrantLine, type Ticket } from './grant-line.js';
import { orStopped, stoppedFault } from './stopped.js';
import type { WaitMeter } from './wait-meter.js';

/** Longest wait of a call whose hook has written nothing yet: such a hook can be run again later, and does not hold a worker. */
const LONGEST_WAIT_BEFORE_WRITE_MS = 10_000;
/** A hook that is to be run again later is not worth less than this. */
const SHORTEST_PARK_MS = 1_000;
const DEFAULT_RATE_GROUP = 'default';

/** One call that wants to be sent. */
export interface Applicant {
  connectionId: string;
  manifest: PluginManifest;
  spec: CallSpec;
  signal: AbortSignal;
  waits: WaitMeter;
  /** Whether the hook may have written something, so that it cannot be run again from its start. */
  hasWritten(): boolean;
  /** What this call has waited so far. */
  waitedMs: number;
}

export function rateGroupOf(spec: CallSpec): string {
  return spec.rateGroup ?? DEFAULT_RATE_GROUP;
}

/** Lets calls through at the pace of the governor, in the order in which they came. Shared by all hooks of a broker. */
export class GrantDesk {
  readonly #lines = new Map<string, GrantLine>();
  readonly #governor: Governor;
  readonly #clock: Clock;

  constructor(governor: Governor, clock: Clock) {
    this.#governor = governor;
    this.#clock = clock;
  }

  /**
   * Resolves when the call may be sent. Throws what `tooLong` makes of the wait asked for when this call would wait
   * over 10 s in all before its hook's first write, or over the manifest's `maxWaitMs` after it.
   */
  async grant(applicant: Applicant, tooLong: (retryAfterMs: number) => Error): Promise<void> {
    const line = this.#lineOf(applicant);
    const ticket = line.join();
    const refuseLongWait = (waitMs: number) => {
      if (waitMs > longestWaitOf(applicant)) throw tooLong(Math.max(waitMs, SHORTEST_PARK_MS));
    };
    try {
      for (;;) {
        if (!line.isFirst(ticket)) {
          await this.#behindOthers(applicant, { line, ticket, refuseLongWait });
          continue;
        }
        const waitMs = await this.#ask(applicant);
        if (waitMs === 0) return;
        refuseLongWait(waitMs);
        line.waitUntil(this.#clock.now() + waitMs);
        await this.#wait(applicant, this.#sleep(waitMs, applicant.signal));
      }
    } finally {
      line.leave(ticket);
    }
  }

  async #behindOthers(
    applicant: Applicant,
    {
      line,
      ticket,
      refuseLongWait,
    }: { line: GrantLine; ticket: Ticket; refuseLongWait(waitMs: number): void },
  ): Promise<void> {
    // The first is being answered right now: no wait worth measuring or stopping.
    if (line.opensAtMs === 0) return line.called(ticket);
    refuseLongWait(line.opensAtMs - this.#clock.now());
    await this.#wait(applicant, orStopped(line.called(ticket), applicant.signal));
  }

  /** 0: granted; else how long to wait. */
  async #ask({ manifest, spec, connectionId }: Applicant): Promise<number> {
    const rateGroup = rateGroupOf(spec);
    const rule = manifest.limits.rateGroups?.[rateGroup];
    const grant = await this.#governor.take({
      connectionId,
      rateGroup,
      ...(rule === undefined ? {} : { rule }),
    });
    return grant.granted ? 0 : Math.max(1, grant.retryAfterMs);
  }

  async #wait(applicant: Applicant, wait: Promise<void>): Promise<void> {
    const startedMs = this.#clock.now();
    await applicant.waits.during(wait);
    applicant.waitedMs += this.#clock.now() - startedMs;
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#clock.sleep(ms, signal);
    } catch {
      throw stoppedFault(signal);
    }
  }

  #lineOf({ connectionId, spec }: Applicant): GrantLine {
    const key = `${connectionId} ${rateGroupOf(spec)}`;
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    const made = new GrantLine();
    this.#lines.set(key, made);
    return made;
  }
}

function longestWaitOf({ manifest, hasWritten, waitedMs }: Applicant): number {
  const inAllMs = hasWritten()
    ? (manifest.limits.maxWaitMs ?? DEFAULT_MAX_WAIT_MS)
    : LONGEST_WAIT_BEFORE_WRITE_MS;
  return inAllMs - waitedMs;
}
