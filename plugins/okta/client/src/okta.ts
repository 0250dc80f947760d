import { Fault, type PluginContext } from '@drover/plugin-sdk';

/**
 * The part of a plugin's context that reaches Okta. The calls that the functions of this client make stand in the
 * plugin's manifest, each under the name that its module gives.
 */
export type Okta = Pick<PluginContext, 'call'>;

/** What an error answer of Okta says. */
export interface OktaError {
  /** Such as `E0000007`; absent when the answer is none of Okta's. */
  code?: string;
  /** The summary and its causes, for people; empty when there are none. */
  words: string;
}

const MOST_WORDS = 300;

export function readError(body: unknown): OktaError {
  const { errorCode, errorSummary, errorCauses } = asRecord(body);
  const causes = Array.isArray(errorCauses)
    ? errorCauses.map((cause) => asRecord(cause)['errorSummary'])
    : [];
  const words = [errorSummary, ...causes].filter((text) => typeof text === 'string' && text !== '');
  return {
    ...(typeof errorCode === 'string' ? { code: errorCode } : {}),
    words: words.join(' ').slice(0, MOST_WORDS),
  };
}

export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

/** Throws `VENDOR_ANSWER_INVALID`, retryable: the answer is something else than `what`. */
export function unreadable(what: string): never {
  throw new Fault(
    'VENDOR_ANSWER_INVALID',
    `Okta answered with something else than ${what}; check that the connection's Okta Host is that of the org.`,
    { retryable: true },
  );
}
