import type {
  AttributeValue,
  CollectionId,
  CollectionQuery,
  DroverObject,
  EmitMode,
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
  /** Drafts about the object that an earlier draft of the same call was about, by its value or an alias of it. */
  duplicates: number;
  /**
   * Aliases that were left out (`ALIAS_TAKEN`), since another object of the type owns them or has them as its value; the
   * rest of their drafts went in. `index` is the draft's place in the call. Absent when there are none.
   */
  takenAliases?: { index: number; alias: string }[];
}

export interface UpsertOptions {
  /** Source of objects and attributes, such as a feed's vendor or the name of an imported file. */
  source: string;
  at: Date;
  /** How attributes meet what the source said before, by name. Default: `add`. */
  modes?: ReadonlyMap<string, EmitMode>;
  /** Also makes them members of this fixed list. */
  collectionId?: CollectionId;
  runId?: RunId;
}

/** What a person, or a mirror, changes of one object. */
export interface ObjectEdit {
  /** Who says so: values of other sources stay beside those that are set. */
  source: string;
  at: Date;
  status?: string;
  /** Each replaces what the source said before of the name. */
  attributes?: readonly { name: string; value: AttributeValue }[];
  /** Names whose values of the source are taken away. */
  removeAttributes?: readonly string[];
  /** Further names of the object, normalised. */
  aliases?: readonly string[];
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
  /**
   * Writes at most 1,000 drafts, as if one after the other. A draft whose value is an alias leads to the object of its
   * type that owns the alias. Attributes are added to what the source said before; a status replaces. Faults:
   * `NOT_FOUND`, `COLLECTION_NOT_FIXED` for the collection, `INVALID_ARGUMENT` for too many drafts.
   */
  upsert(drafts: readonly ObjectDraft[], options: UpsertOptions): Promise<UpsertReport>;
  get(id: ObjectId): Promise<DroverObject | undefined>;
  /** The objects of a type that have one of the texts as their value or an alias, at most 100, oldest first. */
  find(key: { type: string; values: readonly string[] }): Promise<DroverObject[]>;
  /**
   * Changes one object, all of it or nothing; `changed` is false, and the revision stays, when everything was so before.
   * What is said counts as said now, whatever time the values carry that it replaces. Faults: `NOT_FOUND`; `ALIAS_TAKEN`
   * naming the owner; `INVALID_ARGUMENT` to remove an attribute that only other sources have set.
   */
  edit(id: ObjectId, edit: ObjectEdit): Promise<{ object: DroverObject; changed: boolean }>;
  /** Newest last; `filter` and `collectionId` narrow. Faults: `QUERY_INVALID`, `NOT_FOUND`, `INVALID_ARGUMENT`. */
  list(
    request: PageRequest & { filter?: CollectionQuery; collectionId?: CollectionId },
  ): Promise<Page<DroverObject>>;
  /**
   * Every value that was ever offered for an attribute of the object, newest first by the time at which it was said;
   * repetitions of a value in force are left out. A status is an entry named `status` with the mode `status`, a value that
   * was taken away one with the mode `remove`.
   */
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
