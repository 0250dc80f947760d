/** A file profile to start with. */
export interface NetskopeFileProfileSeed {
  /** Case matters. */
  name: string;
  /** Default: one hash, as the vendor knows no empty list. */
  hashes?: string[];
  /** Whether somebody's changes wait to be applied in the console, which makes every update fail. Default false. */
  pending?: boolean;
}

interface FileProfile {
  name: string;
  hashes: Set<string>;
  pending: boolean;
  updates: number;
}

export interface FileProfileView {
  name: string;
  hashes: string[];
  pending: boolean;
  /** How often its list was replaced. */
  updates: number;
}

/** Why an update was refused, in the vendor's words; or nothing. */
export type ProfileRefusal = string | undefined;

/** A tenant's file profiles with their hash lists, which can only be replaced whole. */
export class FileProfileStore {
  readonly #profiles = new Map<string, FileProfile>();

  constructor(seeds: readonly NetskopeFileProfileSeed[]) {
    for (const { name, hashes = ['f'.repeat(64)], pending = false } of seeds) {
      this.#profiles.set(name, { name, hashes: new Set(hashes), pending, updates: 0 });
    }
  }

  /** Puts the hashes in the place of those that the profile holds. */
  update(name: string, hashes: readonly string[]): ProfileRefusal {
    const profile = this.#profiles.get(name);
    if (profile === undefined) return `File profile - ${name} does not exist`;
    if (profile.pending) return `There is already a pending change for the file profile - ${name}`;
    const next = new Set(hashes);
    if (next.size === profile.hashes.size && next.isSubsetOf(profile.hashes)) {
      return `Duplicate request, no change in file hashes for the file filter - ${name}`;
    }
    profile.hashes = next;
    profile.updates += 1;
    return undefined;
  }

  view(): FileProfileView[] {
    return [...this.#profiles.values()].map((profile) => ({ ...profile, hashes: [...profile.hashes] }));
  }
}
