/** How much there is to do. */
export interface SoakSize {
  /** Hosts of the URL list, users of whom scores are fetched, users that get an impact, hashes of each export, assets. */
  hosts: number;
  users: number;
  payees: number;
  hashes: number;
  exports: number;
  assets: number;
}

const EXPORTS = 3;

/** Cuts a number of objects among the actions. */
export function sizeOf(objects: number): SoakSize {
  const part = (share: number): number => Math.max(EXPORTS, Math.round(objects * share));
  const [users, payees, hashes, assets] = [part(0.3), part(0.2), part(0.1 / EXPORTS), part(0.05)];
  return {
    users,
    payees,
    hashes,
    exports: EXPORTS,
    assets,
    hosts: Math.max(1, objects - users - payees - hashes * EXPORTS - assets),
  };
}

export function usersOf({ users }: SoakSize): string[] {
  return Array.from({ length: users }, (_, n) => `user${n}@example.com`);
}

/** The file profile that the n-th export is for. */
export function profileOf(n: number): string {
  return `Known bad ${n}`;
}
