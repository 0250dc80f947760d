import type {
  AttributeValue,
  CollectionQuery,
  DroverObject,
  FaultRecord,
  Page,
  PageRequest,
} from '@drover/model';
import type { AttributeChange } from '../ports/object-library.js';

export type ImportFormat = 'csv' | 'jsonl' | 'stix' | 'list';

export interface ImportRequest {
  /** Name of the fixed list that takes the objects; made when there is none. */
  collection: string;
  /** Default: by the file's name and first bytes. */
  format?: ImportFormat;
  /** Name of the file: it tells the format, and is the source where `source` is silent. */
  fileName?: string;
  /** Type and subtype of the objects of plain lists, and of rows that do not say. */
  type?: string;
  subtype?: string;
  /** Who says so: recorded with objects and attributes. */
  source?: string;
}

export interface RejectedRow {
  /** Line of the file, from 1. */
  line: number;
  value: string;
  reason: string;
  code: string;
}

/** What an import came to. */
export interface ImportReport {
  collection: string;
  created: number;
  updated: number;
  unchanged: number;
  /** Rows about an object that an earlier row was about. */
  duplicates: number;
  /** How many rows were refused in all. */
  rejectedCount: number;
  /** The first 1000 of them. */
  rejected: RejectedRow[];
  /** JSON Lines file with all refused rows, where there were more than `rejected` holds. */
  rejectedFile?: string;
  /** Different objects that the file offers, by `type` or `type/subtype`, most first. */
  byType: Record<string, number>;
  /** Why reading stopped before the end; what was read before that place is in. */
  fault?: FaultRecord;
}

export interface ImportProgress {
  /** Bytes of the input read so far. */
  bytes: number;
  rows: number;
  rejected: number;
}

export interface ObjectQuery {
  /** Name or id of a collection. */
  collection?: string;
  filter?: CollectionQuery;
}

export interface ObjectChanges {
  status?: string;
  attributes?: Record<string, AttributeValue>;
  /** Names whose values of the source are taken away. */
  removeAttributes?: string[];
  /** Further names of the object, as people write them. */
  aliases?: string[];
  /** Who says so. Default `manual`. */
  source?: string;
}

export type ExportFormat = 'jsonl' | 'csv';

export interface ObjectRequests {
  /** Reads a file as a stream; the good rows go in, the refused ones are reported. */
  import(
    input: AsyncIterable<Uint8Array>,
    request: ImportRequest,
    onProgress?: (progress: ImportProgress) => void,
  ): Promise<ImportReport>;
  list(query: ObjectQuery & PageRequest): Promise<Page<DroverObject>>;
  /** By id. */
  show(ref: string): Promise<DroverObject & { history: AttributeChange[] }>;
  /**
   * Edits an object, named by its id, `type/value` or `type/subtype/value`. Faults: `NOT_FOUND`, `INVALID_ARGUMENT` (several
   * objects fit, or a value is out of bounds), `ALIAS_TAKEN` naming the owner, and those of normalising an alias.
   */
  set(ref: string, changes: ObjectChanges): Promise<{ object: DroverObject; changed: boolean }>;
  /** Objects as text, chunk by chunk. */
  export(query: ObjectQuery, options: { format: ExportFormat }): AsyncIterable<string>;
}
