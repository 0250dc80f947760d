import { type Access, checkAccess } from './access.js';
import { asRecord, type Netskope, parsedIfText } from './netskope.js';
import type { CheckStep } from '@drover/plugin-sdk';

// Calls: `probeScimUsers`, `probeScimGroups`.

export const SCIM_USERS_ENDPOINT = '/api/v2/scim/Users';
export const SCIM_GROUPS_ENDPOINT = '/api/v2/scim/Groups';

/** The steps of a connection test up to the right to read SCIM users. */
export function checkScimUsers(netskope: Netskope): Promise<CheckStep[]> {
  return checkAccess({
    right: 'read SCIM users',
    endpoint: SCIM_USERS_ENDPOINT,
    probe: () => probe(netskope, 'probeScimUsers'),
  });
}

/** The steps of a connection test up to the right to read SCIM groups. */
export function checkScimGroups(netskope: Netskope): Promise<CheckStep[]> {
  return checkAccess({
    right: 'read SCIM groups',
    endpoint: SCIM_GROUPS_ENDPOINT,
    probe: () => probe(netskope, 'probeScimGroups'),
  });
}

async function probe(netskope: Netskope, call: 'probeScimUsers' | 'probeScimGroups'): Promise<Access> {
  const reply = await netskope.call(call, { query: { startIndex: 1, count: 1 } });
  if (reply.status === 403) return 'no privilege';
  const { totalResults } = asRecord(parsedIfText(reply.body));
  return reply.status === 404 || typeof totalResults !== 'number' ? 'no such API' : 'granted';
}
