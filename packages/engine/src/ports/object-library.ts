import type {
  CollectionId,
  CollectionQuery,
  DroverObject,
  ObjectDraft,
  ObjectId,
  Page,
  PageRequest,
  RunId,
} from '@drover/model';

export interface UpsertReport {
  created: number;
  updated: number;
  unchanged: number;
  /** Drafts whose key (or one of whose aliases) an earlier draft of the same call already had. */
  duplicates: number;
}

export interface UpsertOptions {
  /** Source of objects and attributes, such as a feed's vendor or the name of an imported file. */
  source: string;
  at: Date;
  /** Also makes them members of this fixed list. */
  collectionId?: CollectionId;
  runId?: RunId;
}

export interface AttributeChange {
  name: string;
  value: string | number | boolean;
  source: string;
  mode: string;
  at: string;
  runId?: RunId;
  /** False for a value that lost against what was there (an older answer, a smaller `max`). */
  applied: boolean;
}

export interface StoredCollection {
  id: CollectionId;
  name: string;
  kind: 'fixed' | 'query';
  query?: CollectionQuery;
  createdAt: string;
}

/** The object library: objects by key, their attributes with history. Every method is one transaction. */
export interface ObjectLibrary {
  /** Writes at most 1,000 drafts. An alias leads to the object that owns it. */
  upsert(drafts: readonly ObjectDraft[], options: UpsertOptions): Promise<UpsertReport>;
  get(id: ObjectId): Promise<DroverObject | undefined>;
  /** Newest last; `filter` and `collectionId` narrow. */
  list(
    request: PageRequest & { filter?: CollectionQuery; collectionId?: CollectionId },
  ): Promise<Page<DroverObject>>;
  /** Every value that was ever offered for an attribute of the object, newest first. */
  history(id: ObjectId): Promise<AttributeChange[]>;
}

/** Named collections: fixed lists and saved queries. */
export interface CollectionLibrary {
  /** Faults: `COLLECTION_EXISTS`, `QUERY_INVALID` (every problem with its JSON Pointer). */
  create(
    input: { name: string; kind: 'fixed' } | { name: string; kind: 'query'; query: CollectionQuery },
  ): Promise<StoredCollection>;
  /** By id or name. */
  find(ref: string): Promise<StoredCollection | undefined>;
  list(): Promise<(StoredCollection & { objects: number })[]>;
  count(id: CollectionId): Promise<number>;
  countByType(id: CollectionId): Promise<{ type: string; subtype?: string; objects: number }[]>;
  /** Removes the name, not its objects. Refused (`COLLECTION_IN_USE`) while a pass over it is open. */
  remove(id: CollectionId): Promise<void>;
}
