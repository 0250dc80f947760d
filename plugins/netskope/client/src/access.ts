import { type CheckStep, isFault } from '@drover/plugin-sdk';

/** What a token may do at an endpoint, as far as reading tells. */
export type Access = 'granted' | 'no privilege' | 'no such API';

export interface AccessQuestion {
  /** What the endpoint is asked for, such as "read the URL lists". */
  right: string;
  /** Path of the endpoint that the token needs a right to. */
  endpoint: string;
  probe(): Promise<Access>;
}

const REACH = 'reach the tenant';
const TOKEN = 'show the API v2 token';

/** The steps of a connection test up to the right to an endpoint of the REST API v2; the first that fails is the last. */
export async function checkAccess({ right, endpoint, probe }: AccessQuestion): Promise<CheckStep[]> {
  const reached = { step: REACH, ok: true };
  try {
    const access = await probe();
    if (access === 'no such API') return [{ step: REACH, ok: false, detail: noApi(endpoint) }];
    const known = [reached, { step: TOKEN, ok: true }];
    if (access === 'granted') return [...known, { step: right, ok: true }];
    return [...known, { step: right, ok: false, detail: `The token lacks the right to ${endpoint}.` }];
  } catch (thrown) {
    if (!isFault(thrown)) throw thrown;
    const failed = { ok: false, detail: thrown.message };
    return thrown.code === 'CREDENTIALS_REFUSED'
      ? [reached, { step: TOKEN, ...failed }]
      : [{ step: REACH, ...failed }];
  }
}

function noApi(endpoint: string): string {
  return `It answers, but has no ${endpoint} there: check the tenant URL, and that the tenant has the licence.`;
}
