import { Fault, type PluginContext } from '@drover/plugin-sdk';

/**
 * The part of a plugin's context that reaches CrowdStrike. The calls that the functions of this client make stand in the
 * plugin's manifest, each under the name that its module gives.
 */
export type Crowdstrike = Pick<PluginContext, 'call'>;

export const GRAPHQL_ENDPOINT = '/identity-protection/combined/graphql/v1';

export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** Throws `VENDOR_ANSWER_INVALID`: the answer is something else than `what`. */
export function unreadable(what: string): never {
  throw new Fault(
    'VENDOR_ANSWER_INVALID',
    `CrowdStrike answered with something else than ${what}; check that the connection's base URL is that of the API.`,
    { retryable: true },
  );
}
