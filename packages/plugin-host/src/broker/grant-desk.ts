import type { Governor, Granted, Refused } from '@drover/engine';
import {
  type CallSpec,
  DEFAULT_CALL_TIMEOUT_MS,
  DEFAULT_MAX_WAIT_MS,
  type PluginManifest,
} from '@drover/model';
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
  /** As in `GrantRequest`. */
  evenIfDown: boolean;
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
   * Resolves when the call may be sent. Throws what `tooLong` makes of the refusal when this call would wait
   * over 10 s in all before its hook's first write, or over the manifest's `maxWaitMs` after it.
   */
  async grant(applicant: Applicant, tooLong: (refused: Refused) => Error): Promise<Granted> {
    const line = this.#lineOf(applicant);
    const ticket = line.join();
    const refuseLongWait = (waitMs: number, because: Refused['because']) => {
      if (waitMs <= longestWaitOf(applicant)) return;
      throw tooLong({ granted: false, retryAfterMs: Math.max(waitMs, SHORTEST_PARK_MS), because });
    };
    try {
      for (;;) {
        if (!line.isFirst(ticket)) {
          await this.#behindOthers(applicant, { line, ticket, refuseLongWait });
          continue;
        }
        const grant = await this.#ask(applicant);
        if (grant.granted) return grant;
        const waitMs = Math.max(1, grant.retryAfterMs);
        refuseLongWait(waitMs, grant.because);
        line.waitUntil(this.#clock.now() + waitMs, grant.because);
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
    }: {
      line: GrantLine;
      ticket: Ticket;
      refuseLongWait(waitMs: number, because: Refused['because']): void;
    },
  ): Promise<void> {
    // The first is being answered right now: no wait worth measuring or stopping.
    if (line.opensAtMs === 0) return line.called(ticket);
    refuseLongWait(line.opensAtMs - this.#clock.now(), line.waitsFor);
    await this.#wait(applicant, orStopped(line.called(ticket), applicant.signal));
  }

  #ask({ manifest, spec, connectionId, evenIfDown }: Applicant): Promise<Granted | Refused> {
    const rateGroup = rateGroupOf(spec);
    const rule = manifest.limits.rateGroups?.[rateGroup];
    return this.#governor.take({
      connectionId,
      rateGroup,
      ...(rule === undefined ? {} : { rule }),
      timeoutMs: spec.timeoutMs ?? DEFAULT_CALL_TIMEOUT_MS,
      evenIfDown,
    });
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

  /** Who is not kept back by a vendor that seems down does not stand behind those who are. */
  #lineOf({ connectionId, spec, evenIfDown }: Applicant): GrantLine {
    const key = `${connectionId} ${rateGroupOf(spec)} ${evenIfDown}`;
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
