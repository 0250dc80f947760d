import { noSuchUser, OktaRefusal } from './okta-refusal.js';
import { type OktaUser, type OktaUserSeed, type OktaUserStatus, userOf } from './okta-user.js';

export type LifecycleAction = 'suspend' | 'unsuspend' | 'deactivate' | 'unlock';

export interface UserStoreOptions {
  seeds: readonly OktaUserSeed[];
  /** Login of the token's owner, who is a user as well: `me`. */
  owner: string;
  /** Milliseconds that a deactivation is under way. */
  deactivationMs: number;
  now: () => Date;
}

/** The users of an org and what may be done to them in which status. */
export class UserStore {
  readonly #users: OktaUser[] = [];
  readonly #byId = new Map<string, OktaUser>();
  readonly #byLogin = new Map<string, OktaUser>();
  /** Users by the part of their login before the @. */
  readonly #byShortName = new Map<string, OktaUser[]>();
  readonly #options: UserStoreOptions;

  constructor(options: UserStoreOptions) {
    this.#options = options;
    const { seeds, owner } = options;
    const isThere = seeds.some(({ login }) => sameCase(login) === sameCase(owner));
    for (const seed of isThere ? seeds : [{ login: owner }, ...seeds]) this.#add(seed);
  }

  /** The user of an id, a login, a login's short name that only one user has, or `me`. Refuses with E0000007. */
  find(reference: string): OktaUser {
    const login = sameCase(reference === 'me' ? this.#options.owner : reference);
    const short = this.#byShortName.get(login) ?? [];
    const found =
      this.#byId.get(reference) ?? this.#byLogin.get(login) ?? (short.length === 1 ? short[0] : undefined);
    if (found === undefined) throw noSuchUser(reference);
    return this.#settled(found);
  }

  /** All users, in the order of their ids' making. */
  all(): OktaUser[] {
    return this.#users.map((user) => this.#settled(user));
  }

  act(reference: string, action: LifecycleAction): void {
    const user = this.find(reference);
    switch (action) {
      case 'suspend':
        if (user.status !== 'ACTIVE') throw unfit('suspendUser', 'Cannot suspend a user that is not active');
        return this.#change(user, 'SUSPENDED');
      case 'unsuspend':
        if (user.status !== 'SUSPENDED') {
          throw unfit('unsuspendUser', 'Cannot unsuspend a user that is not suspended');
        }
        return this.#change(user, 'ACTIVE');
      case 'unlock':
        if (user.status !== 'LOCKED_OUT' || !user.isOktaSourced) throw new OktaRefusal('E0000032');
        return this.#change(user, 'ACTIVE');
      case 'deactivate':
        return this.#deactivate(user, reference);
    }
  }

  #deactivate(user: OktaUser, reference: string): void {
    // The vendor's own words for one that is deactivated already, though reading still finds it.
    if (user.status === 'DEPROVISIONED' || user.deactivatedAtMs !== undefined) throw noSuchUser(reference);
    const { deactivationMs, now } = this.#options;
    if (deactivationMs === 0) return this.#change(user, 'DEPROVISIONED');
    user.deactivatedAtMs = now().getTime() + deactivationMs;
    user.changes += 1;
  }

  #change(user: OktaUser, status: OktaUserStatus): void {
    user.status = status;
    user.changedAtMs = this.#options.now().getTime();
    user.changes += 1;
  }

  /** Ends a deactivation whose time has come. */
  #settled(user: OktaUser): OktaUser {
    const endsAtMs = user.deactivatedAtMs;
    if (endsAtMs === undefined || endsAtMs > this.#options.now().getTime()) return user;
    user.status = 'DEPROVISIONED';
    user.changedAtMs = endsAtMs;
    delete user.deactivatedAtMs;
    return user;
  }

  #add(seed: OktaUserSeed): void {
    const user = userOf(seed, { index: this.#users.length + 1, nowMs: this.#options.now().getTime() });
    const login = sameCase(user.login);
    if (this.#byId.has(user.id) || this.#byLogin.has(login)) throw new Error(`Two users ${user.login}.`);
    this.#users.push(user);
    this.#byId.set(user.id, user);
    this.#byLogin.set(login, user);
    const at = login.indexOf('@');
    if (at <= 0) return;
    const short = login.slice(0, at);
    this.#byShortName.set(short, [...(this.#byShortName.get(short) ?? []), user]);
  }
}

function sameCase(text: string): string {
  return text.toLowerCase();
}

function unfit(subject: string, cause: string): OktaRefusal {
  return new OktaRefusal('E0000001', { subject, causes: [cause] });
}
