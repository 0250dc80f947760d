import type { MemberChange } from '@drover-plugins/netskope-client';
import type { PluginObject } from '@drover/plugin-sdk';

export type Operation = 'add' | 'remove' | 'replace';

/** What an operation makes of a group: worked out in full before anything is sent. */
export class Membership {
  readonly #operation: Operation;
  readonly #held: ReadonlySet<string>;
  readonly #wanted = new Map<string, string[]>();

  constructor(operation: Operation, held: readonly string[]) {
    this.#operation = operation;
    this.#held = new Set(held);
  }

  /** Notes that an object stands for a user. True when the group is for that user as it should be. */
  note(object: PluginObject, userId: string): boolean {
    const isSettled = this.#held.has(userId) === (this.#operation !== 'remove');
    const objectIds = this.#wanted.get(userId) ?? [];
    this.#wanted.set(userId, isSettled ? objectIds : [...objectIds, object.id]);
    return isSettled;
  }

  /** Members of which the collection wants something. */
  get size(): number {
    return this.#wanted.size;
  }

  /** Users to add. */
  additions(): MemberChange[] {
    return this.#operation === 'remove' ? [] : this.#changes((userId) => !this.#held.has(userId));
  }

  /** Members to remove; those that no object stands for have none. */
  removals(): MemberChange[] {
    switch (this.#operation) {
      case 'add':
        return [];
      case 'remove':
        return this.#changes((userId) => this.#held.has(userId));
      case 'replace':
        return [...this.#held]
          .filter((userId) => !this.#wanted.has(userId))
          .map((userId) => ({ userId, objectIds: [] }));
    }
  }

  #changes(isChanged: (userId: string) => boolean): MemberChange[] {
    return [...this.#wanted]
      .filter(([userId]) => isChanged(userId))
      .map(([userId, objectIds]) => ({ userId, objectIds }));
  }
}
