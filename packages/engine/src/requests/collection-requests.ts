import type { CollectionQuery } from '@drover/model';
import type { StoredCollection } from '../ports/object-library.js';

export interface CollectionView extends StoredCollection {
  objects: number;
}

export interface CollectionRequests {
  /** A fixed list, or with `query` a saved query. Faults: `COLLECTION_EXISTS`, `QUERY_INVALID`. */
  create(request: { name: string; query?: CollectionQuery }): Promise<CollectionView>;
  list(): Promise<CollectionView[]>;
  show(
    ref: string,
  ): Promise<CollectionView & { byType: { type: string; subtype?: string; objects: number }[] }>;
  remove(ref: string): Promise<void>;
}
