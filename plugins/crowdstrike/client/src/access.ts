import { type CheckStep, isFault } from '@drover/plugin-sdk';
import { asRecord, type Crowdstrike, GRAPHQL_ENDPOINT } from './crowdstrike.js';
import { faultOfErrors } from './graphql-errors.js';
import { probeUsers } from './users.js';

const REACH = 'reach CrowdStrike';
const TOKEN = 'get an access token';
const READ = 'read users';

/** The steps of a connection test; the first that fails is the last. */
export async function checkAccess(crowdstrike: Crowdstrike): Promise<CheckStep[]> {
  const known = [REACH, TOKEN].map((step) => ({ step, ok: true }));
  try {
    const { status, body } = await probeUsers(crowdstrike);
    if (status === 404) return [{ step: REACH, ok: false, detail: noApi() }];
    return [
      ...known,
      { step: READ, ...(status === 403 ? { ok: false, detail: noRight() } : readStep(body)) },
    ];
  } catch (thrown) {
    if (!isFault(thrown)) throw thrown;
    const failed = { ok: false, detail: thrown.message };
    return thrown.code === 'CREDENTIALS_REFUSED'
      ? [
          { step: REACH, ok: true },
          { step: TOKEN, ...failed },
        ]
      : [{ step: REACH, ...failed }];
  }
}

function readStep(body: unknown): { ok: boolean; detail?: string } {
  const fault = faultOfErrors(body, READ);
  if (fault !== undefined) return { ok: false, detail: fault.message };
  const { nodes } = asRecord(asRecord(asRecord(body)['data'])['entities']);
  return Array.isArray(nodes) ? { ok: true } : { ok: false, detail: noApi() };
}

function noApi(): string {
  return `It answers, but has no ${GRAPHQL_ENDPOINT} there: check the base URL, and that the account has Identity Protection.`;
}

function noRight(): string {
  return 'The API client lacks the scope "Identity Protection GraphQL" (Write), which queries need as well.';
}
