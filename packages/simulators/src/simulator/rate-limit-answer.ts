/**
 * How a vendor words a 429: `ratelimit-reset` (Netskope: seconds from now), `retry-after` (seconds), `okta` (the epoch
 * second of the reset, against the `Date` header), `okta-concurrency` (0 of 0: too many requests at once, whose reset
 * means nothing), `crowdstrike` (the epoch second to retry after), `silent` (no header).
 */
export const RATE_LIMIT_DIALECTS = [
  'ratelimit-reset',
  'retry-after',
  'okta',
  'okta-concurrency',
  'crowdstrike',
  'silent',
] as const;

export type RateLimitDialect = (typeof RATE_LIMIT_DIALECTS)[number];

export interface RateLimitAnswer {
  headers: Record<string, string>;
  body: unknown;
}

const PLAIN_BODY = { statusCode: 429, message: 'Too Many Requests' };

const OKTA_LIMIT = 600;
const OKTA_BODY = {
  errorCode: 'E0000047',
  errorSummary: 'API call exceeded rate limit due to too many requests.',
  errorLink: 'E0000047',
  errorId: 'simulated',
  errorCauses: [],
};

const CROWDSTRIKE_BODY = { errors: [{ code: 429, message: 'API rate limit exceeded.' }], resources: [] };

/** What an answer that is none of refusal says of the limit. */
export function remainingHeaders(
  dialect: RateLimitDialect,
  { limit, left }: { limit: number; left: number },
): Record<string, string> {
  if (dialect !== 'crowdstrike') return {};
  return { 'x-ratelimit-limit': String(limit), 'x-ratelimit-remaining': String(left) };
}

/** The headers and body of a 429 that asks for `waitSeconds`, said at `now`. */
export function rateLimitAnswer(
  dialect: RateLimitDialect,
  { waitSeconds, limit, now }: { waitSeconds: number; limit: number; now: Date },
): RateLimitAnswer {
  const resetEpochSecond = String(Math.ceil(now.getTime() / 1000) + waitSeconds);
  switch (dialect) {
    case 'ratelimit-reset':
      return {
        headers: {
          'ratelimit-limit': String(limit),
          'ratelimit-remaining': '0',
          'ratelimit-reset': String(waitSeconds),
        },
        body: PLAIN_BODY,
      };
    case 'retry-after':
      return { headers: { 'retry-after': String(waitSeconds) }, body: PLAIN_BODY };
    case 'okta':
      // A limit of 0 would be one on requests at once.
      return { headers: oktaHeaders(limit || OKTA_LIMIT, resetEpochSecond), body: OKTA_BODY };
    case 'okta-concurrency':
      return { headers: oktaHeaders(0, resetEpochSecond), body: OKTA_BODY };
    case 'crowdstrike':
      return {
        headers: {
          'x-ratelimit-limit': String(limit),
          'x-ratelimit-remaining': '0',
          'x-ratelimit-retryafter': resetEpochSecond,
        },
        body: CROWDSTRIKE_BODY,
      };
    case 'silent':
      return { headers: {}, body: PLAIN_BODY };
  }
}

function oktaHeaders(limit: number, resetEpochSecond: string): Record<string, string> {
  return {
    'x-rate-limit-limit': String(limit),
    'x-rate-limit-remaining': '0',
    'x-rate-limit-reset': resetEpochSecond,
  };
}
