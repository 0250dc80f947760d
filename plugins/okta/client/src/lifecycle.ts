import { credentialsRefused } from '@drover/plugin-sdk';
import { asRecord, type Okta, readError, unreadable } from './okta.js';
import type { UserStatus } from './users.js';

// Calls: `suspendUser`, `unsuspendUser`, `deactivateUser`, `unlockUser`; each handles 400, 403 and 404.

interface Change {
  call: string;
  /** The path's last word, which names the right that the token needs. */
  word: string;
  /** The status that Okta documents for afterwards. */
  to: UserStatus;
  /** The statuses that Okta documents for before; without them any but `to`. */
  from?: readonly UserStatus[];
}

/** The changes of a user's status. Each is repeatable: asked for twice, it is done once and then refused. */
export const LIFECYCLE = {
  suspend: { call: 'suspendUser', word: 'suspend', from: ['ACTIVE'], to: 'SUSPENDED' },
  unsuspend: { call: 'unsuspendUser', word: 'unsuspend', from: ['SUSPENDED'], to: 'ACTIVE' },
  deactivate: { call: 'deactivateUser', word: 'deactivate', to: 'DEPROVISIONED' },
  unlock: { call: 'unlockUser', word: 'unlock', from: ['LOCKED_OUT'], to: 'ACTIVE' },
} as const satisfies Record<string, Change>;

export type LifecycleAction = keyof typeof LIFECYCLE;

export function startsFrom(action: LifecycleAction, status: UserStatus): boolean {
  const { from, to }: Change = LIFECYCLE[action];
  return from === undefined ? status !== to : from.includes(status);
}

/**
 * `refused`: Okta does not do it to this user. Its answer does not tell the reason: the same one means "done already",
 * "not in this status" and, for some, "no such user"; the user's status does. `isForGood`: it is no matter of the status alone.
 */
export type ChangeReply = { result: 'done' } | { result: 'refused'; words: string; isForGood: boolean };

const FORBIDDEN = 403;
/** Answers of 403 that are about the user; every other one is about the token. */
const ABOUT_THE_USER: readonly (string | undefined)[] = ['E0000032', 'E0000038'];

/**
 * Changes the status of the user with this id or login. Faults: `CREDENTIALS_REFUSED` when the token's owner may not,
 * `VENDOR_ANSWER_INVALID` (retryable: the change may be repeated).
 */
export async function changeStatus(
  okta: Okta,
  { action, userId }: { action: LifecycleAction; userId: string },
): Promise<ChangeReply> {
  const { call, word } = LIFECYCLE[action];
  const { status, body } = await okta.call(call, { params: { userId } });
  if (status < 300) return isSuccess(body) ? { result: 'done' } : unreadable('the result of a change');
  const { code, words } = readError(body);
  const isAboutUser = ABOUT_THE_USER.includes(code);
  if (status === FORBIDDEN && !isAboutUser) {
    throw credentialsRefused(
      `Okta answered 403 to POST /api/v1/users/{userId}/lifecycle/${word}: the administrator who owns the connection's API token lacks the right to ${word} users.${words && ` It said: ${words}`}`,
    );
  }
  if (code === undefined) return unreadable('an error of its API');
  return { result: 'refused', words, isForGood: isAboutUser };
}

/** Okta answers with nothing, in older docs with an empty object. A page of a proxy is neither. */
function isSuccess(body: unknown): boolean {
  if (body === undefined || body === null || body === '') return true;
  return typeof body === 'object' && asRecord(body)['errorCode'] === undefined;
}
