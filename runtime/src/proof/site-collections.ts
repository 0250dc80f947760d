/** The collections of a site, and what is in them. */
export type CollectionName = 'users' | 'staff' | 'hosts' | 'hashes';

const VALUE_OF: Record<CollectionName, (n: number) => string> = {
  users: (n) => `user${n}@example.com`,
  staff: (n) => `staff${n}@example.com`,
  hosts: (n) => `host${n}.example.com`,
  hashes: (n) => n.toString(16).padStart(32, '0'),
};

/** What an import says of the type of their objects. */
export const TYPES: Record<CollectionName, string[]> = {
  users: ['--type', 'identity'],
  staff: ['--type', 'identity'],
  hosts: ['--type', 'indicator', '--subtype', 'FQDN'],
  hashes: ['--type', 'indicator', '--subtype', 'MD5'],
};

export interface SiteSize {
  /** Most batches, or calls of a plugin that takes its objects one by one, in flight in a run. Default: the manifest's. */
  concurrency?: number;
  /** Objects in each collection. */
  objects: number;
  /** How many of them a call takes. */
  batchObjects: number;
}

/** The values of a collection's objects, in their order. */
export function valuesOf(collection: CollectionName, { objects }: SiteSize): string[] {
  return Array.from({ length: objects }, (_, n) => VALUE_OF[collection](n));
}
