import { randomBytes } from 'node:crypto';

/** What somebody sent to `uciimpact`. */
export interface ImpactRequest {
  user: string;
  /** Points taken off the user's confidence. */
  score: number;
  /** Milliseconds since 1970. */
  timestamp: number;
  source: string;
  reason: string;
}

/** An impact and the anomaly that it made. */
export interface NetskopeImpact extends ImpactRequest {
  anomalyId: string;
  anomalyCreatedTime: string;
  /** Whether somebody allowed the anomaly, which gives the points back. */
  allowed: boolean;
  reasonForAllowed?: string;
}

/** Every impact counts: the vendor knows no idempotency key, so the same request twice is two of them. */
export class ImpactStore {
  readonly #impacts = new Map<string, NetskopeImpact>();
  readonly #now: () => Date;

  constructor(now: () => Date) {
    this.#now = now;
  }

  add(request: ImpactRequest): NetskopeImpact {
    const anomalyId = randomBytes(12).toString('hex');
    const anomalyCreatedTime = this.#now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
    const impact = { ...request, anomalyId, anomalyCreatedTime, allowed: false };
    this.#impacts.set(anomalyId, impact);
    return impact;
  }

  find(anomalyId: string): NetskopeImpact | undefined {
    return this.#impacts.get(anomalyId);
  }

  /** `undefined` when there is no such anomaly. Allowing twice changes the reason only. */
  allow(anomalyId: string, reason: string): NetskopeImpact | undefined {
    const impact = this.#impacts.get(anomalyId);
    if (impact === undefined) return undefined;
    const allowed = { ...impact, allowed: true, reasonForAllowed: reason };
    this.#impacts.set(anomalyId, allowed);
    return allowed;
  }

  list(): NetskopeImpact[] {
    return [...this.#impacts.values()];
  }
}
