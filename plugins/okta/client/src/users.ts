import { asRecord, type Okta, readError, unreadable } from './okta.js';

// Calls: `readUser` (handles 404), `findUsers`, `probeUsers` (handles 403).

/** Statuses as Okta spells them; others may come. */
export type UserStatus = string;

export interface OktaUser {
  id: string;
  login: string;
  status: UserStatus;
  /** The status that a change under way will end in. */
  transitioningTo?: UserStatus;
}

const NOT_FOUND = 404;
const FORBIDDEN = 403;
const UNKNOWN_USER = 'E0000007';
/** Okta's ids of users. */
const USER_ID = /^00u[A-Za-z0-9]{17}$/;

export function isUserId(text: string): boolean {
  return USER_ID.test(text);
}

/**
 * Whether Okta takes this text in the path for the user that it names. A login with a slash is not found there however it
 * is encoded, `me` is the owner of the token, and dots would leave the path.
 */
export function isPathReference(text: string): boolean {
  return !text.includes('/') && !['me', '.', '..'].includes(text.toLowerCase());
}

/** The user of an id or login; `undefined` when there is none. Fault `VENDOR_ANSWER_INVALID`. */
export async function readUser(okta: Okta, reference: string): Promise<OktaUser | undefined> {
  const { status, body } = await okta.call('readUser', { params: { userId: reference } });
  if (status === NOT_FOUND) return readError(body).code === UNKNOWN_USER ? undefined : unreadable('a user');
  return userOf(body) ?? unreadable('a user');
}

/** The user of a login, asked for by a filter: unlike a search it lags behind nothing. Fault `VENDOR_ANSWER_INVALID`. */
export async function findUserByLogin(okta: Okta, login: string): Promise<OktaUser | undefined> {
  const filter = `profile.login eq "${login.replaceAll(/["\\]/g, (character) => `\\${character}`)}"`;
  const { body } = await okta.call('findUsers', { query: { filter, limit: 2 } });
  if (!Array.isArray(body)) return unreadable('a list of users');
  const [first] = body;
  return first === undefined ? undefined : (userOf(first) ?? unreadable('a list of users'));
}

/** The user whose token the connection holds. Fault `VENDOR_ANSWER_INVALID`. */
export async function readTokenOwner(okta: Okta): Promise<OktaUser> {
  return (await readUser(okta, 'me')) ?? unreadable('the owner of the token');
}

/** Whether the token may read other users. Fault `VENDOR_ANSWER_INVALID`. */
export async function mayReadUsers(okta: Okta): Promise<boolean> {
  const { status, body } = await okta.call('probeUsers', { query: { limit: 1 } });
  if (status === FORBIDDEN) return false;
  return Array.isArray(body) || unreadable('a list of users');
}

function userOf(body: unknown): OktaUser | undefined {
  const { id, status, transitioningToStatus, profile } = asRecord(body);
  const { login } = asRecord(profile);
  if (typeof id !== 'string' || typeof status !== 'string' || typeof login !== 'string') return undefined;
  const transitioning =
    typeof transitioningToStatus === 'string' ? { transitioningTo: transitioningToStatus } : {};
  return { id, login, status, ...transitioning };
}
