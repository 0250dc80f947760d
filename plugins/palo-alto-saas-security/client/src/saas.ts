import { Fault, type PluginContext } from '@drover/plugin-sdk';

/**
 * The part of a plugin's context that reaches SaaS Security. The calls that the functions of this client make stand in the
 * plugin's manifest, each under the name that its module gives.
 */
export type Saas = Pick<PluginContext, 'call'>;

export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** Throws `VENDOR_ANSWER_INVALID` (retryable): the answer is something else than `what`. */
export function unreadable(what: string): never {
  throw new Fault(
    'VENDOR_ANSWER_INVALID',
    `SaaS Security answered with something else than ${what}; check that the connection's base URL is that of the tenant's region.`,
    { retryable: true },
  );
}

/** What an error answer says: its description, else its name; "no reason given" where it says nothing. */
export function wordsOf(body: unknown): string {
  const { error_description: description, message, error } = asRecord(body);
  const words = [description, message, error].find((text) => typeof text === 'string' && text !== '');
  return typeof words === 'string' ? words.slice(0, 500) : 'no reason given';
}
