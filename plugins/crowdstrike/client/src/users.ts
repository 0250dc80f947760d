import type { CallReply } from '@drover/plugin-sdk';
import { asRecord, type Crowdstrike, unreadable } from './crowdstrike.js';
import { faultOfErrors } from './graphql-errors.js';

// Calls: `readUsers`, `findUsers`, `probeUsers`.

/** Most users of a page, and most addresses that one query asks for. */
export const MAX_PAGE = 1_000;

/** A user that is not archived. */
export interface IdentityUser {
  entityId: string;
  displayName: string;
  /** Mostly the account with its domain. */
  secondaryName: string | undefined;
  /** In the order of the answer; empty when it has none. */
  emailAddresses: readonly string[];
  /** 0 (no risk) to 1; absent when CrowdStrike has not scored the user. */
  riskScore: number | undefined;
}

export interface UserPage {
  users: IdentityUser[];
  /** Where the next page starts; absent after the last one. */
  next: string | undefined;
}

const SELECTION = `{
    nodes {
      entityId
      primaryDisplayName
      secondaryDisplayName
      riskScore
      ... on UserEntity { emailAddresses }
    }
    pageInfo { hasNextPage endCursor }
  }`;

// The oldest account first: who is added while the pages are read comes at their end, and nobody moves.
const READ_USERS = `query ($after: Cursor, $createdSince: DateTimeInput) {
  entities(types: [USER], archived: false, sortKey: CREATION_TIME, sortOrder: ASCENDING, first: ${MAX_PAGE}, after: $after, accountCreationStartTime: $createdSince) ${SELECTION}
}`;

const FIND_USERS = `query ($after: Cursor, $addresses: [String!]) {
  entities(types: [USER], archived: false, sortKey: CREATION_TIME, sortOrder: ASCENDING, first: ${MAX_PAGE}, after: $after, emailAddresses: $addresses) ${SELECTION}
}`;

const PROBE_USERS = `query {
  entities(types: [USER], archived: false, first: 1) { nodes { entityId } pageInfo { hasNextPage } }
}`;

export interface ReadUsersQuery {
  after?: string | undefined;
  /** Only accounts that were made then or later; ISO 8601 in UTC. */
  createdSince?: string | undefined;
}

/** A page of up to 1000 users, the oldest account first. Faults: `CURSOR_EXPIRED`, and those of GraphQL errors. */
export async function readUsers(
  crowdstrike: Crowdstrike,
  { after, createdSince }: ReadUsersQuery,
): Promise<UserPage> {
  // What is left out is not asked for; an explicit null would be another question.
  const variables = { ...(after && { after }), ...(createdSince && { createdSince }) };
  const reply = await crowdstrike.call('readUsers', { json: { query: READ_USERS, variables } });
  return pageOf(reply, { after, doing: 'reading users' });
}

/** Every user that has one of at most 1000 addresses, over as many pages as it takes. */
export async function* findUsers(
  crowdstrike: Crowdstrike,
  addresses: readonly string[],
): AsyncGenerator<IdentityUser[]> {
  let after: string | undefined;
  do {
    const variables = { ...(after && { after }), addresses };
    const reply = await crowdstrike.call('findUsers', { json: { query: FIND_USERS, variables } });
    const page = pageOf(reply, { after, doing: 'finding users' });
    yield page.users;
    after = page.next;
  } while (after !== undefined);
}

/** Asks for one user, only to hear whether the API client may. The answer is left to the caller. */
export function probeUsers(crowdstrike: Crowdstrike): Promise<CallReply> {
  return crowdstrike.call('probeUsers', { json: { query: PROBE_USERS } });
}

function pageOf(
  { body }: CallReply,
  { after, doing }: { after: string | undefined; doing: string },
): UserPage {
  const fault = faultOfErrors(body, doing);
  if (fault !== undefined) throw fault;
  const { nodes, pageInfo } = asRecord(asRecord(asRecord(body)['data'])['entities']);
  const { hasNextPage, endCursor } = asRecord(pageInfo);
  if (!Array.isArray(nodes) || typeof hasNextPage !== 'boolean') return unreadable('a page of users');
  const users = nodes.map(userOf);
  if (!hasNextPage || endCursor === null || endCursor === undefined) return { users, next: undefined };
  if (typeof endCursor !== 'string' || endCursor === after) return unreadable('the cursor of a next page');
  return { users, next: endCursor };
}

function userOf(node: unknown): IdentityUser {
  const { entityId, primaryDisplayName, secondaryDisplayName, riskScore, emailAddresses } = asRecord(node);
  const addresses = emailAddresses ?? [];
  const isScore = riskScore === null || riskScore === undefined || isRisk(riskScore);
  if (typeof entityId !== 'string' || !Array.isArray(addresses) || !isScore) return unreadable('a user');
  return {
    entityId,
    displayName: textOf(primaryDisplayName) ?? entityId,
    secondaryName: textOf(secondaryDisplayName),
    emailAddresses: addresses.flatMap((address) => textOf(address) ?? []),
    riskScore: isRisk(riskScore) ? riskScore : undefined,
  };
}

function isRisk(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

/** Trimmed; `undefined` for what is no text, or empty. */
function textOf(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value.trim() : '';
  return text === '' ? undefined : text;
}
