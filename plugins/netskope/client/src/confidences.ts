import type { Access } from './access.js';
import { asRecord, type Netskope, parsedIfText, unreadable } from './netskope.js';

// Calls: `readConfidences`, `probeConfidences`.

/** Most users whose scores one call asks for. The vendor's schema says 512, its newest guide 500. */
export const MAX_USERS_PER_CALL = 500;
export const CONFIDENCES_ENDPOINT = '/api/v2/incidents/uba/getuci';

/** How much a user was trusted at a time: 0 to 1,000, where 1,000 is trustworthy. */
export interface Sample {
  /** Milliseconds since 1970. */
  start: number;
  score: number;
}

export interface ConfidencesQuery {
  /** Names as Netskope knows them, mostly e-mail addresses; at most 500. */
  users: readonly string[];
  /** Milliseconds since 1970. */
  fromTime: number;
}

/** What Netskope says of users, found by name whatever its case. */
export class Confidences {
  readonly #samples: ReadonlyMap<string, readonly Sample[]>;

  constructor(samples: ReadonlyMap<string, readonly Sample[]>) {
    this.#samples = samples;
  }

  /**
   * The samples of a user that goes by several names: those of the first name that has any. Empty when Netskope answers
   * for the user without a score; `undefined` when it does not answer for any of the names.
   */
  of(names: readonly string[]): readonly Sample[] | undefined {
    const found = names.flatMap((name) => {
      const samples = this.#samples.get(name.toLowerCase());
      return samples === undefined ? [] : [samples];
    });
    return found.find((samples) => samples.length > 0) ?? found[0];
  }
}

/** The scores of users since a time. Fault `VENDOR_ANSWER_INVALID`. */
export async function readConfidences(
  netskope: Netskope,
  { users, fromTime }: ConfidencesQuery,
): Promise<Confidences> {
  const reply = await netskope.call('readConfidences', { json: { users, fromTime } });
  return confidencesOf(reply.body) ?? unreadable('scores of users', { retryable: true });
}

/** Asks for the scores of nobody in particular, only to hear whether the token may. */
export async function probeConfidences(netskope: Netskope, fromTime: number): Promise<Access> {
  const json = { users: ['connection-test@example.com'], fromTime };
  const reply = await netskope.call('probeConfidences', { json });
  if (reply.status === 403) return 'no privilege';
  return reply.status === 404 || confidencesOf(reply.body) === undefined ? 'no such API' : 'granted';
}

function confidencesOf(body: unknown): Confidences | undefined {
  const { usersUci } = asRecord(parsedIfText(body));
  if (!Array.isArray(usersUci)) return undefined;
  const samples = new Map<string, Sample[]>();
  for (const entry of usersUci) {
    const { userId, confidences } = asRecord(entry);
    const read = samplesOf(confidences ?? []);
    if (typeof userId !== 'string' || read === undefined) return undefined;
    const name = userId.toLowerCase();
    samples.set(name, eachOnce([...(samples.get(name) ?? []), ...read]));
  }
  return new Confidences(samples);
}

/** An answer may name a user in several entries, one for each name that was asked for, with the same scores in each. */
function eachOnce(samples: readonly Sample[]): Sample[] {
  return [...new Map(samples.map((sample) => [`${sample.start} ${sample.score}`, sample])).values()];
}

function samplesOf(confidences: unknown): Sample[] | undefined {
  if (!Array.isArray(confidences)) return undefined;
  const samples = confidences.map((confidence) => {
    const { start, confidenceScore: score } = asRecord(confidence);
    return { start, score };
  });
  return samples.every(isSample) ? samples : undefined;
}

function isSample(sample: { start: unknown; score: unknown }): sample is Sample {
  return Number.isFinite(sample.start) && Number.isFinite(sample.score);
}
