import { Fault } from '@drover/plugin-sdk';
import { type Access, checkAccess } from './access.js';
import { asRecord, type Netskope, parsedIfText, unreadable, wordsOf } from './netskope.js';
import type { CheckStep } from '@drover/plugin-sdk';

// Calls: `readAnomaly`, `allowAnomaly`.

export const ANOMALIES_ENDPOINT = '/api/v2/incidents/anomalies';

/** Shaped like an id, and nobody's. */
const NO_ANOMALY = '0'.repeat(24);

/** An anomaly that is allowed. */
export interface AllowedAnomaly {
  anomalyId: string;
  /** False when it was allowed before. */
  changed: boolean;
  reason?: string;
  /** As Netskope knows the user, an e-mail address. */
  user?: string;
  /** Points that its impact took off the user, 1 to 1,000. */
  score?: number;
}

/**
 * Marks an anomaly as allowed, which gives the points of its impact back; one that is allowed stays as it is. Faults
 * `ANOMALY_NOT_FOUND`, `ANOMALY_NOT_ALLOWED` (refused, with the vendor's words), `VENDOR_ANSWER_INVALID`.
 */
export async function allowAnomaly(
  netskope: Netskope,
  { anomalyId, reason }: { anomalyId: string; reason: string },
): Promise<AllowedAnomaly> {
  const found = await netskope.call('readAnomaly', { params: { anomalyId } });
  if (found.status === 404) throw notFound(anomalyId);
  if (found.status === 403) throw refused(anomalyId, `the token lacks the right to ${ANOMALIES_ENDPOINT}`);
  const before = readAnomaly(found.body);
  if (before.isAllowed) return { anomalyId, changed: false, ...before.facts };
  const allowed = await netskope.call('allowAnomaly', { params: { anomalyId }, json: { reason } });
  if (allowed.status === 404) throw notFound(anomalyId);
  if (allowed.status === 400) {
    const { message, error } = asRecord(parsedIfText(allowed.body));
    throw refused(anomalyId, wordsOf(message ?? error ?? allowed.body ?? ''));
  }
  return { anomalyId, changed: true, ...before.facts, reason };
}

/** The steps of a connection test up to the right to read anomalies. */
export function checkAnomalies(netskope: Netskope): Promise<CheckStep[]> {
  return checkAccess({
    right: 'read anomalies',
    endpoint: ANOMALIES_ENDPOINT,
    probe: async (): Promise<Access> => {
      const { status, body } = await netskope.call('readAnomaly', { params: { anomalyId: NO_ANOMALY } });
      if (status === 403) return 'no privilege';
      // The API says in JSON that it has no such anomaly; a page says that there is no such API.
      return Object.keys(asRecord(parsedIfText(body))).length > 0 ? 'granted' : 'no such API';
    },
  });
}

function readAnomaly(body: unknown): {
  isAllowed: boolean;
  facts: Pick<AllowedAnomaly, 'reason' | 'user' | 'score'>;
} {
  const { markAsAllowed, reasonForAllowed, user, score } = asRecord(parsedIfText(body));
  if (typeof markAsAllowed !== 'boolean') unreadable('an anomaly');
  return {
    isAllowed: markAsAllowed,
    facts: {
      ...(typeof reasonForAllowed === 'string' ? { reason: reasonForAllowed } : {}),
      ...(typeof user === 'string' ? { user } : {}),
      ...(typeof score === 'number' ? { score } : {}),
    },
  };
}

function notFound(anomalyId: string): Fault {
  return new Fault(
    'ANOMALY_NOT_FOUND',
    `Netskope has no anomaly ${anomalyId}; the outcome of its impact names it.`,
    {
      path: '/anomalyId',
    },
  );
}

function refused(anomalyId: string, words: string): Fault {
  return new Fault('ANOMALY_NOT_ALLOWED', `Netskope did not allow the anomaly ${anomalyId}: ${words}.`);
}
