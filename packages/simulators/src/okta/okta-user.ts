export const OKTA_STATUSES = [
  'STAGED',
  'PROVISIONED',
  'ACTIVE',
  'RECOVERY',
  'PASSWORD_EXPIRED',
  'LOCKED_OUT',
  'SUSPENDED',
  'DEPROVISIONED',
] as const;

export type OktaUserStatus = (typeof OKTA_STATUSES)[number];

/** A user that the org starts with. */
export interface OktaUserSeed {
  login: string;
  /** Default: made of its place among the users. */
  id?: string;
  /** Default: the login. */
  email?: string;
  /** Default `ACTIVE`. */
  status?: OktaUserStatus;
  /** False for a user that comes from a directory, whom Okta does not unlock. Default true. */
  isOktaSourced?: boolean;
}

/** A user of the org. */
export interface OktaUser {
  id: string;
  login: string;
  email: string;
  status: OktaUserStatus;
  isOktaSourced: boolean;
  createdAtMs: number;
  /** When the status last changed. */
  changedAtMs: number;
  /** While a deactivation is under way: when it ends. */
  deactivatedAtMs?: number;
  /** Status changes since the start. */
  changes: number;
}

export function userOf(seed: OktaUserSeed, place: { index: number; nowMs: number }): OktaUser {
  const {
    login,
    id = generatedId(place.index),
    email = login,
    status = 'ACTIVE',
    isOktaSourced = true,
  } = seed;
  const { nowMs } = place;
  return { id, login, email, status, isOktaSourced, createdAtMs: nowMs, changedAtMs: nowMs, changes: 0 };
}

/** 20 characters as Okta's ids have them. */
function generatedId(index: number): string {
  return `00u${index.toString(36).padStart(17, '0')}`;
}

/** A user as answers show it. */
export function userJson(user: OktaUser, baseUrl: string): object {
  const changed = new Date(user.changedAtMs).toISOString();
  const created = new Date(user.createdAtMs).toISOString();
  const [firstName = ''] = user.login.split(/[@./]/, 1);
  return {
    id: user.id,
    status: user.status,
    created,
    activated: user.status === 'STAGED' ? null : created,
    statusChanged: changed,
    lastLogin: null,
    lastUpdated: changed,
    passwordChanged: null,
    ...(user.deactivatedAtMs === undefined ? {} : { transitioningToStatus: 'DEPROVISIONED' }),
    type: { id: 'oty0000000000000000d' },
    profile: {
      firstName,
      lastName: 'Example',
      mobilePhone: null,
      secondEmail: null,
      login: user.login,
      email: user.email,
    },
    credentials: {
      provider: user.isOktaSourced
        ? { type: 'OKTA', name: 'OKTA' }
        : { type: 'ACTIVE_DIRECTORY', name: 'directory.example.com' },
    },
    _links: { self: { href: `${baseUrl}/api/v1/users/${user.id}` } },
  };
}
