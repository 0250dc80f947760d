import { randomUUID } from 'node:crypto';
import { invalidValue, scimRefusal } from './scim-refusal.js';

export interface ScimEmail {
  value: string;
  primary?: boolean;
}

/** A user to start with; the id is given when there is none. */
export interface ScimUserSeed {
  id?: string;
  userName: string;
  externalId?: string;
  givenName?: string;
  familyName?: string;
  active?: boolean;
  emails?: ScimEmail[];
}

export interface ScimUser extends Required<Omit<ScimUserSeed, 'externalId'>> {
  externalId: string | null;
  createdAt: string;
  changedAt: string;
}

export interface ScimGroupSeed {
  id?: string;
  displayName: string;
  externalId?: string;
  /** Ids of users. */
  members?: string[];
}

export interface ScimGroup {
  id: string;
  displayName: string;
  externalId: string | null;
  members: Set<string>;
  createdAt: string;
  changedAt: string;
}

export interface ScimGroupView extends Omit<ScimGroup, 'members'> {
  members: string[];
}

export interface ScimPage<Item> {
  total: number;
  startIndex: number;
  items: Item[];
}

export interface ScimSlice {
  /** From 1. */
  startIndex: number;
  count: number;
}

export type MemberOp = 'add' | 'remove' | 'replace';

/** Users and groups of a tenant. User names and group names are unique whatever their case. */
export class ScimStore {
  readonly #users = new Map<string, ScimUser>();
  readonly #userNames = new Map<string, ScimUser>();
  readonly #groups = new Map<string, ScimGroup>();
  readonly #now: () => Date;
  /** How often a user was created, and a group changed. */
  readonly writes = { usersCreated: 0, userChanges: 0, groupsCreated: 0, memberPatches: 0 };

  constructor(
    { users, groups }: { users: readonly ScimUserSeed[]; groups: readonly ScimGroupSeed[] },
    now: () => Date,
  ) {
    this.#now = now;
    for (const seed of users) this.#keep(this.#userOf(seed));
    for (const seed of groups) this.#addGroup(seed);
  }

  createUser(seed: ScimUserSeed): ScimUser {
    this.#refuseTaken(seed.userName);
    this.writes.usersCreated += 1;
    return this.#keep(this.#userOf(seed));
  }

  changeUser(id: string, changes: Partial<Omit<ScimUserSeed, 'id'>>): ScimUser {
    const user = this.user(id);
    const { userName } = changes;
    if (userName !== undefined && userName.toLowerCase() !== user.userName.toLowerCase()) {
      this.#refuseTaken(userName);
      this.#userNames.delete(user.userName.toLowerCase());
    }
    this.writes.userChanges += 1;
    return this.#keep(Object.assign(user, changes, { changedAt: this.#now().toISOString() }));
  }

  removeUser(id: string): void {
    const user = this.user(id);
    this.#users.delete(id);
    this.#userNames.delete(user.userName.toLowerCase());
    for (const group of this.#groups.values()) group.members.delete(id);
  }

  user(id: string): ScimUser {
    return this.#users.get(id) ?? refuseUnknown('User', id);
  }

  users(slice: ScimSlice, test: (user: ScimUser) => boolean): ScimPage<ScimUser> {
    return pageOf([...this.#users.values()].filter(test), slice);
  }

  createGroup(seed: ScimGroupSeed): ScimGroup {
    const taken = this.#groups
      .values()
      .some(({ displayName }) => displayName.toLowerCase() === seed.displayName.toLowerCase());
    if (taken) throw scimRefusal(409, `Group ${seed.displayName} already exists`, 'uniqueness');
    this.#refuseStrangers(seed.members ?? []);
    this.writes.groupsCreated += 1;
    return this.#addGroup(seed);
  }

  removeGroup(id: string): void {
    this.#groups.delete(this.group(id).id);
  }

  group(id: string): ScimGroup {
    return this.#groups.get(id) ?? refuseUnknown('Group', id);
  }

  groups(slice: ScimSlice, test: (group: ScimGroup) => boolean): ScimPage<ScimGroup> {
    return pageOf([...this.#groups.values()].filter(test), slice);
  }

  /** All or nothing: a member that is no user of SCIM refuses the whole. */
  changeMembers(id: string, op: MemberOp, members: readonly string[]): ScimGroup {
    const group = this.group(id);
    if (op !== 'remove') this.#refuseStrangers(members);
    if (op === 'replace') group.members.clear();
    for (const member of members) {
      if (op === 'remove') group.members.delete(member);
      else group.members.add(member);
    }
    this.writes.memberPatches += 1;
    group.changedAt = this.#now().toISOString();
    return group;
  }

  view(): { users: ScimUser[]; groups: ScimGroupView[] } {
    return {
      users: structuredClone([...this.#users.values()]),
      groups: [...this.#groups.values()].map((group) => ({ ...group, members: [...group.members] })),
    };
  }

  #userOf(seed: ScimUserSeed): ScimUser {
    const at = this.#now().toISOString();
    const { id = randomUUID(), userName, externalId = null, emails = [] } = seed;
    const { givenName = '', familyName = '', active = true } = seed;
    return { id, userName, externalId, givenName, familyName, active, emails, createdAt: at, changedAt: at };
  }

  #keep(user: ScimUser): ScimUser {
    this.#users.set(user.id, user);
    this.#userNames.set(user.userName.toLowerCase(), user);
    return user;
  }

  #addGroup(seed: ScimGroupSeed): ScimGroup {
    const at = this.#now().toISOString();
    const { id = randomUUID(), displayName, members = [] } = seed;
    const externalId = seed.externalId ?? null;
    const group = { id, displayName, externalId, members: new Set(members), createdAt: at, changedAt: at };
    this.#groups.set(id, group);
    return group;
  }

  #refuseTaken(userName: string): void {
    if (!this.#userNames.has(userName.toLowerCase())) return;
    throw scimRefusal(409, `User ${userName} already exists`, 'uniqueness');
  }

  #refuseStrangers(members: readonly string[]): void {
    const stranger = members.find((member) => !this.#users.has(member));
    if (stranger !== undefined) throw invalidValue(`Member ${stranger} is no SCIM user`);
  }
}

function pageOf<Item>(items: readonly Item[], { startIndex, count }: ScimSlice): ScimPage<Item> {
  return { total: items.length, startIndex, items: items.slice(startIndex - 1, startIndex - 1 + count) };
}

function refuseUnknown(what: string, id: string): never {
  throw scimRefusal(404, `${what} ${id} not found`);
}
