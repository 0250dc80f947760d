import { type CrowdstrikeUser, type CrowdstrikeUserSeed, newUser, type UserChange } from './users.js';

export type SortKey = 'CREATION_TIME' | 'PRIMARY_DISPLAY_NAME';

/** Where a page ends: the sort value and the id of its last user. */
export interface Position {
  value: number | string;
  entityId: string;
}

export interface UserQuery {
  archived?: boolean | undefined;
  /** In lower case unless addresses are told apart by it. */
  emailAddresses?: ReadonlySet<string> | undefined;
  createdSinceMs?: number | undefined;
  sortKey: SortKey;
  descending: boolean;
  after?: Position | undefined;
  first: number;
}

export interface UserBookOptions {
  /** Whether addresses that differ in case are different ones. */
  isCaseSensitive: boolean;
}

/** The users of a tenant in both orders, page by page. */
export class UserBook {
  readonly #users: readonly CrowdstrikeUser[];
  readonly #isCaseSensitive: boolean;
  readonly #orders = new Map<SortKey, readonly CrowdstrikeUser[]>();

  constructor(seeds: readonly CrowdstrikeUserSeed[], { isCaseSensitive }: UserBookOptions) {
    this.#users = seeds.map(newUser);
    this.#isCaseSensitive = isCaseSensitive;
  }

  get users(): readonly CrowdstrikeUser[] {
    return this.#users;
  }

  /** A user by an address. Answers whether there is one. */
  change(address: string, change: UserChange): boolean {
    const user = this.#users.find(({ emailAddresses }) => emailAddresses.includes(address));
    if (user === undefined) return false;
    Object.assign(user, change);
    if (change.primaryDisplayName !== undefined) this.#orders.delete('PRIMARY_DISPLAY_NAME');
    return true;
  }

  addressKey(address: string): string {
    return this.#isCaseSensitive ? address : address.toLowerCase();
  }

  page(query: UserQuery): { users: CrowdstrikeUser[]; hasNextPage: boolean } {
    const { sortKey, descending, after, first } = query;
    const order = this.#order(sortKey);
    const users: CrowdstrikeUser[] = [];
    const step = descending ? -1 : 1;
    for (let index = startOf(order, query, after); order[index] !== undefined; index += step) {
      const user = order[index]!;
      if (!this.#matches(user, query)) continue;
      if (users.length === first) return { users, hasNextPage: true };
      users.push(user);
    }
    return { users, hasNextPage: false };
  }

  #matches(user: CrowdstrikeUser, { archived, emailAddresses, createdSinceMs }: UserQuery): boolean {
    if (archived !== undefined && user.archived !== archived) return false;
    if (createdSinceMs !== undefined && user.createdAtMs < createdSinceMs) return false;
    return (
      emailAddresses === undefined ||
      user.emailAddresses.some((address) => emailAddresses.has(this.addressKey(address)))
    );
  }

  #order(sortKey: SortKey): readonly CrowdstrikeUser[] {
    const known = this.#orders.get(sortKey);
    if (known !== undefined) return known;
    const order = this.#users.toSorted((left, right) =>
      compare(positionOf(left, sortKey), positionOf(right, sortKey)),
    );
    this.#orders.set(sortKey, order);
    return order;
  }
}

export function positionOf(user: CrowdstrikeUser, sortKey: SortKey): Position {
  const value = sortKey === 'CREATION_TIME' ? user.createdAtMs : user.primaryDisplayName;
  return { value, entityId: user.entityId };
}

/** The index of the first user after a position, in the direction of the query. */
function startOf(
  order: readonly CrowdstrikeUser[],
  { sortKey, descending }: UserQuery,
  after: Position | undefined,
): number {
  if (after === undefined) return descending ? order.length - 1 : 0;
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const sign = compare(positionOf(order[middle]!, sortKey), after);
    if (sign < 0 || (sign === 0 && !descending)) low = middle + 1;
    else high = middle;
  }
  return descending ? low - 1 : low;
}

function compare(left: Position, right: Position): number {
  if (left.value !== right.value) return left.value < right.value ? -1 : 1;
  if (left.entityId === right.entityId) return 0;
  return left.entityId < right.entityId ? -1 : 1;
}
