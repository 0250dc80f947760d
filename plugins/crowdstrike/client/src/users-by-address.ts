import type { IdentityUser } from './users.js';

/** Users by their addresses, whatever the case of these. */
export class UsersByAddress {
  readonly #users = new Map<string, IdentityUser>();

  /** Where several users have an address, the one with the highest risk stands for it. */
  add(user: IdentityUser): void {
    for (const address of user.emailAddresses) {
      const key = address.toLowerCase();
      const known = this.#users.get(key);
      if (known === undefined || riskOf(user) > riskOf(known)) this.#users.set(key, user);
    }
  }

  /** The user of the first address that has one, and that address. */
  find(addresses: readonly string[]): { user: IdentityUser; address: string } | undefined {
    for (const address of addresses) {
      const user = this.#users.get(address.toLowerCase());
      if (user !== undefined) return { user, address };
    }
    return undefined;
  }
}

/** A user without a score comes after everybody with one. */
function riskOf({ riskScore }: IdentityUser): number {
  return riskScore ?? -1;
}
