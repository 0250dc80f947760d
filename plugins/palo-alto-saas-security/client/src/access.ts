import { type CheckStep, isFault } from '@drover/plugin-sdk';

interface Question {
  /** What the scope is for, such as "read incidents". */
  right: string;
  /** Name of the scope in the vendor's API. */
  scope: string;
  /** Reads something; resolves to whether the scope was there. */
  probe(): Promise<boolean>;
}

const REACH = 'reach the region';
const TOKEN = 'get a token';

/** The steps of a connection test up to a scope; the first that fails is the last. */
export async function checkScope({ right, scope, probe }: Question): Promise<CheckStep[]> {
  const reached = { step: REACH, ok: true };
  try {
    const isGranted = await probe();
    const known = [reached, { step: TOKEN, ok: true }];
    if (isGranted) return [...known, { step: right, ok: true }];
    return [...known, { step: right, ok: false, detail: `The API client lacks the scope ${scope}.` }];
  } catch (thrown) {
    if (!isFault(thrown)) throw thrown;
    const failed = { ok: false, detail: thrown.message };
    return thrown.code === 'CREDENTIALS_REFUSED'
      ? [reached, { step: TOKEN, ...failed }]
      : [{ step: REACH, ...failed }];
  }
}
