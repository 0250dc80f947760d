import type { ListType } from './url-reading.js';
import { UrlSet } from './url-set.js';

/** A list to start with. */
export interface NetskopeListSeed {
  /** Default: counted up from 1. */
  id?: number;
  name: string;
  /** Default `exact`. */
  type?: ListType;
  /** Default: one entry, as the vendor knows no empty list. */
  urls?: string[];
  /** Whether it was never applied. Default false. */
  pending?: boolean;
}

export interface ListVersion {
  name: string;
  type: ListType;
  urls: UrlSet;
  modifyTime: string;
  modifyType: 'Created' | 'Edited' | 'Deleted';
}

/** A list in one of its two views, as the vendor shows it. */
export interface ListView extends ListVersion {
  id: number;
  pending: 0 | 1;
}

interface StoredList {
  id: number;
  applied?: ListVersion;
  pending?: ListVersion;
}

/** A tenant's URL lists: what is applied, and what is pending until somebody deploys. */
export class UrlListStore {
  readonly #lists = new Map<number, StoredList>();
  readonly #now: () => Date;
  #nextId = 1;
  #deploys = 0;

  constructor(seeds: readonly NetskopeListSeed[], now: () => Date) {
    this.#now = now;
    for (const seed of seeds) this.#seed(seed);
  }

  /** Without a view: every list as last edited. `applied`: what is in force. `pending`: only what waits for a deploy. */
  list(view?: 'applied' | 'pending'): ListView[] {
    return [...this.#lists.values()].flatMap((stored) => {
      const shown = view === undefined ? (stored.pending ?? stored.applied) : stored[view];
      return shown === undefined ? [] : [asView(stored, shown)];
    });
  }

  /** As last edited. A deleted list stays to be seen until the deploy. */
  find(id: number): ListView | undefined {
    const stored = this.#lists.get(id);
    const shown = stored?.pending ?? stored?.applied;
    return stored === undefined || shown === undefined ? undefined : asView(stored, shown);
  }

  create(name: string, type: ListType, urls: readonly string[]): ListView {
    const id = this.#nextId++;
    const stored = { id, pending: this.#version({ name, type, urls: new UrlSet(urls) }, 'Created') };
    this.#lists.set(id, stored);
    return asView(stored, stored.pending);
  }

  append(id: number, urls: readonly string[]): ListView {
    const stored = this.#stored(id);
    const base = stored.pending ?? stored.applied!;
    const grown = stored.pending === undefined ? base.urls.copy() : base.urls;
    grown.addAll(urls);
    return this.#edit(stored, { ...base, urls: grown });
  }

  /** Sets what is given and keeps the rest. */
  replace(
    id: number,
    { urls, ...rest }: { name?: string; type?: ListType; urls: readonly string[] },
  ): ListView {
    const stored = this.#stored(id);
    const base = stored.pending ?? stored.applied!;
    return this.#edit(stored, { ...base, ...rest, urls: new UrlSet(urls) });
  }

  delete(id: number): ListView {
    const stored = this.#stored(id);
    stored.pending = this.#version(stored.pending ?? stored.applied!, 'Deleted');
    return asView(stored, stored.pending);
  }

  /** Applies the pending changes of all lists and shows those lists. */
  deploy(): ListView[] {
    this.#deploys += 1;
    const deployed: ListView[] = [];
    for (const stored of this.#lists.values()) {
      const { pending } = stored;
      if (pending === undefined) continue;
      if (pending.modifyType === 'Deleted') this.#lists.delete(stored.id);
      stored.applied = pending;
      stored.pending = undefined;
      deployed.push(asView(stored, pending));
    }
    return deployed;
  }

  get deploys(): number {
    return this.#deploys;
  }

  /** Entries over all lists of a type, as last edited. */
  countEntries(type?: ListType): number {
    return this.list().reduce(
      (sum, list) => (type === undefined || list.type === type ? sum + list.urls.size : sum),
      0,
    );
  }

  #seed({
    id = this.#nextId,
    name,
    type = 'exact',
    urls = ['placeholder.example.com'],
    pending,
  }: NetskopeListSeed): void {
    const version = this.#version({ name, type, urls: new UrlSet(urls) }, 'Created');
    this.#lists.set(id, pending ? { id, pending: version } : { id, applied: version });
    this.#nextId = Math.max(this.#nextId, id + 1);
  }

  #stored(id: number): StoredList {
    const stored = this.#lists.get(id);
    if (stored === undefined) throw new Error(`no list ${id}`);
    return stored;
  }

  #edit(stored: StoredList, content: Pick<ListVersion, 'name' | 'type' | 'urls'>): ListView {
    stored.pending = this.#version(content, stored.applied === undefined ? 'Created' : 'Edited');
    return asView(stored, stored.pending);
  }

  #version(
    { name, type, urls }: Pick<ListVersion, 'name' | 'type' | 'urls'>,
    modifyType: ListVersion['modifyType'],
  ): ListVersion {
    return { name, type, urls, modifyType, modifyTime: this.#now().toISOString() };
  }
}

function asView(stored: StoredList, version: ListVersion): ListView {
  return { id: stored.id, ...version, pending: version === stored.pending ? 1 : 0 };
}
