import type {
  CallReport,
  CallVerdict,
  CircuitRule,
  Governor,
  Grant,
  GrantRequest,
  LimitNews,
  LimitStore,
} from '@drover/engine';
import { windowsOf } from './limit-windows.js';
import { waitAfterLast, waitAfterRefusal, waitForPoints } from './rate-limit-headers.js';

export interface GovernorOptions {
  store: LimitStore;
  /** Milliseconds since 1970, for answers that name a time of day. Default: the system's clock. */
  now?: () => number;
  /** From 0 to 1, for jitter. */
  random?: () => number;
  /** Told when this process's report opened a circuit, or closed it. */
  onCircuit?: (change: CircuitChange) => void;
}

/** `downMs`: the connection's vendor is taken for down, for that long; absent: it is back. */
export interface CircuitChange {
  connectionId: string;
  downMs?: number;
}

const FIRST_BACK_OFF_MS = 2_000;
const MAX_BACK_OFF_MS = 60_000;
/** Beyond the time that a call may take, for its token and for what is written down before it leaves. */
const PROBE_SLACK_MS = 10_000;
const TOO_MANY_REQUESTS = 429;
const SERVICE_UNAVAILABLE = 503;

/**
 * A vendor whose calls fail at random does not fail five times in a row for three seconds; one that is down does before the
 * tries of a first batch are used up.
 */
const CIRCUIT: Omit<CircuitRule, 'stretch'> = {
  failures: 5,
  overMs: 3_000,
  forgetAfterMs: 300_000,
  firstMs: 5_000,
  longestMs: 300_000,
};

/**
 * Reads what vendors say of their limits, and keeps it in a store. A refusal that names no time backs off from 2 s to 60 s,
 * doubling, with jitter. A call that goes well costs the store its grant and nothing else.
 */
export class VendorGovernor implements Governor {
  readonly #store: LimitStore;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #onCircuit: (change: CircuitChange) => void;

  constructor({ store, now = Date.now, random = Math.random, onCircuit = () => undefined }: GovernorOptions) {
    this.#store = store;
    this.#now = now;
    this.#random = random;
    this.#onCircuit = onCircuit;
  }

  take({ connectionId, rateGroup, rule, timeoutMs, evenIfDown = false }: GrantRequest): Promise<Grant> {
    return this.#store.take({
      connectionId,
      rateGroup,
      windows: windowsOf(rule),
      evenIfDown,
      probeMs: timeoutMs + PROBE_SLACK_MS,
      wary: false,
    });
  }

  async report(report: CallReport): Promise<CallVerdict> {
    const refusal = this.#refusalOf(report);
    const closeMs = refusal?.closeMs ?? (refusal === undefined ? this.#emptyMs(report) : undefined);
    const { connectionId, rateGroup, grant, vendor } = report;
    const { era, owes, isProbe } = grant;
    const isNews =
      refusal !== undefined ||
      closeMs !== undefined ||
      vendor === 'down' ||
      (vendor === 'up' ? owes : isProbe);
    if (!isNews) return {};
    const { backOffMs, downMs, isBack } = await this.#store.report({
      connectionId,
      rateGroup,
      era,
      isProbe,
      vendor,
      ...(closeMs === undefined ? {} : { closeMs }),
      ...(refusal?.backOff === undefined ? {} : { backOff: refusal.backOff }),
      circuit: { ...CIRCUIT, stretch: this.#stretch() },
    });
    if (downMs !== undefined) this.#onCircuit({ connectionId, downMs });
    if (isBack) this.#onCircuit({ connectionId });
    const retryAfterMs = refusal?.closeMs ?? backOffMs;
    return {
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(downMs === undefined ? {} : { isDown: true }),
    };
  }

  /** How long a refusal closes the budget; `undefined` when the answer is none. */
  #refusalOf({ answer }: CallReport): Pick<LimitNews, 'closeMs' | 'backOff'> | undefined {
    if (answer === undefined) return undefined;
    const { status, headers } = answer;
    const isBusy = status === SERVICE_UNAVAILABLE && headers['retry-after'] !== undefined;
    if (status !== TOO_MANY_REQUESTS && !isBusy) return undefined;
    const closeMs = waitAfterRefusal(headers, this.#now());
    if (closeMs !== undefined) return { closeMs };
    if (isBusy) return undefined;
    const backOff = { firstMs: FIRST_BACK_OFF_MS, longestMs: MAX_BACK_OFF_MS, stretch: this.#stretch() };
    return { backOff };
  }

  /** How long the budget stays empty after an answer that was no refusal. */
  #emptyMs({ answer }: CallReport): number | undefined {
    if (answer === undefined) return undefined;
    const waits = [
      waitAfterLast(answer.headers, this.#now()),
      answer.points === undefined ? undefined : waitForPoints(answer.points),
    ].filter((waitMs) => waitMs !== undefined);
    return waits.length === 0 ? undefined : Math.max(...waits);
  }

  #stretch(): number {
    return 1 + this.#random() / 2;
  }
}
