import { Fault } from '@drover/plugin-sdk';
import { asRecord, type Netskope, parsedIfText, wordsOf } from './netskope.js';

// Calls: `createImpact`, with delivery `once`.

/** Points that one impact may take off a user's confidence. */
export const IMPACT_RANGE = { least: 1, most: 1_000 } as const;

export interface Impact {
  /** The user as Netskope knows it, an e-mail address. */
  user: string;
  /** Points taken off the user's confidence, 1 to 1,000. */
  score: number;
  /** Milliseconds since 1970. */
  timestamp: number;
  source: string;
  reason: string;
}

/** An impact is an anomaly to Netskope, which a person or a call can allow by its id; that gives the points back. */
export type ImpactReply =
  { isCreated: true; anomalyId: string; anomalyCreatedTime?: string } | { isCreated: false; words: string };

/**
 * Takes points off a user's confidence. Every request counts, the same one twice is two impacts.
 * Fault `VENDOR_NO_ANSWER` when the answer does not tell whether the impact was created.
 */
export async function createImpact(netskope: Netskope, impact: Impact): Promise<ImpactReply> {
  const reply = await netskope.call('createImpact', { json: impact });
  const answer = asRecord(parsedIfText(reply.body));
  if (reply.status === 400) {
    return { isCreated: false, words: wordsOf(answer['message'] ?? answer['error'] ?? reply.body ?? '') };
  }
  const { anomalyId, anomalyCreatedTime } = answer;
  if (typeof anomalyId !== 'string' || anomalyId === '') {
    throw new Fault(
      'VENDOR_NO_ANSWER',
      `Netskope answered ${reply.status} to an impact on ${impact.user}, but with no anomaly: it is not known whether the impact was created. Look for it there before it is sent again.`,
    );
  }
  return {
    isCreated: true,
    anomalyId,
    ...(typeof anomalyCreatedTime === 'string' ? { anomalyCreatedTime } : {}),
  };
}
