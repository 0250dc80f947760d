import { credentialsRefused, Fault, rateLimited, vendorRefused, vendorUnavailable } from '@drover/plugin-sdk';
import { asRecord, GRAPHQL_ENDPOINT } from './crowdstrike.js';

/** The code of the fault that a cursor which is no longer taken is: the pages have to be read from the first one on. */
export const CURSOR_EXPIRED = 'CURSOR_EXPIRED';

const MOST_ERRORS = 3;
const MOST_WORDS = 300;
const FORBIDDEN = /FORBIDDEN|UNAUTHENTICATED|UNAUTHORIZED|ACCESS_DENIED/;
const LIMITED = /RATE_LIMIT|THROTTLED|TOO_MANY_REQUESTS|POINTS/;
const MALFORMED = /BAD_USER_INPUT|VALIDATION|PARSE|SYNTAX/;

interface GraphqlError {
  message: string;
  /** In upper case; empty when there is none. */
  code: string;
  /** Whether it came about while the query ran, not while it was read. */
  wasRunning: boolean;
}

/** The fault that the errors of an answer are, which comes with status 200; `undefined` when it has none. */
export function faultOfErrors(body: unknown, doing: string): Fault | undefined {
  const { errors } = asRecord(body);
  if (!Array.isArray(errors) || errors.length === 0) return undefined;
  const read = errors.map(readError);
  const said = read
    .slice(0, MOST_ERRORS)
    .map(({ message }) => message)
    .join('; ');
  const message = `CrowdStrike could not finish ${doing} (POST ${GRAPHQL_ENDPOINT}). It said: ${said.slice(0, MOST_WORDS)}`;
  // The first error of a query is what went wrong; those after it mostly follow from it.
  const [first] = read as [GraphqlError];
  if (/CURSOR/.test(first.code) || /\bcursor\b/i.test(first.message)) {
    return new Fault(CURSOR_EXPIRED, message, { retryable: true });
  }
  if (FORBIDDEN.test(first.code)) return credentialsRefused(message);
  if (LIMITED.test(first.code)) return rateLimited(message);
  if (MALFORMED.test(first.code)) return vendorRefused(message);
  return first.code !== '' || first.wasRunning ? vendorUnavailable(message) : vendorRefused(message);
}

function readError(error: unknown): GraphqlError {
  const { message, code, extensions, path } = asRecord(error);
  return {
    message: typeof message === 'string' ? message : 'an error without words',
    code: String(asRecord(extensions)['code'] ?? code ?? '').toUpperCase(),
    wasRunning: Array.isArray(path),
  };
}
