import { type CheckStep, isFault } from '@drover/plugin-sdk';
import type { DeltaQuery } from './next-path.js';
import type { Saas } from './saas.js';

// Calls: `probeIncidents`, `probeRemediation`.

const REACH = 'reach the region';
const TOKEN = 'get a token with the scopes api_access, incident_api and remediation_api';
/** No asset has it: asking for it tells the right to ask. */
const NO_ASSET = '000000000000000000000000';

/** The steps of a connection test up to reading incidents, with the query that is meant to be used. */
export function checkIncidentAccess(saas: Saas, query: DeltaQuery = {}): Promise<CheckStep[]> {
  return checkScope({
    right: 'read incidents',
    scope: 'incident_api (Incident management)',
    probe: async () => (await saas.call('probeIncidents', { query })).status !== 403,
  });
}

/** The steps of a connection test up to remediation. */
export function checkRemediationAccess(saas: Saas): Promise<CheckStep[]> {
  const query = { asset_id: NO_ASSET, remediation_type: 'system_quarantine' };
  return checkScope({
    right: 'read remediations',
    scope: 'remediation_api (Quarantine management)',
    probe: async () => (await saas.call('probeRemediation', { query })).status !== 403,
  });
}

interface Question {
  /** What the scope is for, such as "read incidents". */
  right: string;
  /** Name of the scope in the vendor's API and console. */
  scope: string;
  /** Reads something; resolves to whether the scope was there. */
  probe(): Promise<boolean>;
}

/** The steps up to a scope; the first that fails is the last. */
async function checkScope({ right, scope, probe }: Question): Promise<CheckStep[]> {
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
