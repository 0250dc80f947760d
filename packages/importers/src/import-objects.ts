import { isFault, toFaultRecord, type Fault, type FaultRecord, type ObjectDraft } from '@drover/model';
import { readObjects, type ReadOptions } from './read-objects.js';
import { RejectedRows } from './report/rejected-rows.js';
import { SeenKeys } from './report/seen-keys.js';
import type { RefusedRow, RejectedRow } from './rows.js';
import type { DraftRow } from './to-draft.js';

/** What the library says of the drafts of one call; see `UpsertReport` of the engine. */
export interface UpsertCounts {
  created: number;
  updated: number;
  unchanged: number;
  duplicates: number;
}

/** What an import came to. Each row of the file is in exactly one of the five counts. */
export interface ImportReport extends UpsertCounts {
  rejectedCount: number;
  /** The first 1000 refused rows, in the order of the file. */
  rejected: RejectedRow[];
  /** JSON Lines file with all refused rows, where there were more. */
  rejectedFile?: string;
  /** Different objects that the file offers by `type` or `type/subtype`, most first. */
  byType: Record<string, number>;
  /** Why reading stopped before the end; the counts are of the rows before that place, which are in. */
  fault?: FaultRecord;
}

export interface ImportProgress {
  /** Bytes of the input read so far. */
  bytes: number;
  rows: number;
  rejected: number;
}

export interface ImportOptions extends ReadOptions {
  /** Writes at most 1,000 drafts. Called one call after the other. */
  upsert(drafts: readonly ObjectDraft[]): Promise<UpsertCounts>;
  /** Where all refused rows go when there are more than 1000; absent: the further ones are only counted. */
  rejectedFile?: string;
  /** Told after each page of the file. */
  onProgress?(progress: ImportProgress): void;
  /** Aborting stops before the next page and rejects with the signal's reason; what was written stays. */
  signal?: AbortSignal;
}

const MAX_BATCH = 1_000;

/**
 * Reads a file as a stream and writes its objects in batches. Rejects with the fault when nothing could be read at all
 * (unknown format, no column `value`, …), with whatever `upsert` throws, and with read errors of the source; a file that
 * breaks off half-way is told in the report's `fault`.
 *
 * `duplicates` are rows whose object an earlier row of the file has offered already, anywhere in it: see `SeenKeys`. They
 * are still written, after the first ones, since they may carry further attributes.
 */
export async function importObjects(
  source: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<ImportReport> {
  const session = new ImportSession(options);
  try {
    let bytes = 0;
    const counted = tap(source, (chunk) => (bytes += chunk.length));
    for await (const rows of session.untilFault(readObjects(counted, options))) {
      options.signal?.throwIfAborted();
      await session.take(rows);
      options.onProgress?.({ bytes, rows: session.rows, rejected: session.rejected.count });
    }
    return await session.finish();
  } finally {
    await session.rejected.close();
  }
}

class ImportSession {
  rows = 0;
  readonly rejected: RejectedRows;
  readonly #options: ImportOptions;
  readonly #seen = new SeenKeys();
  #hasAliases = false;
  readonly #counts: UpsertCounts = { created: 0, updated: 0, unchanged: 0, duplicates: 0 };
  readonly #byType = new Map<string, number>();
  /** Drafts of objects that the file has not offered before, and of those that it has. */
  #firsts: ObjectDraft[] = [];
  #repeats: ObjectDraft[] = [];
  #fault: Fault | undefined;

  constructor(options: ImportOptions) {
    this.#options = options;
    this.rejected = new RejectedRows(options.rejectedFile);
  }

  /** The pages up to a fault of the file; a fault before the first row is thrown. */
  async *untilFault<Page>(pages: AsyncIterable<Page>): AsyncGenerator<Page> {
    try {
      yield* pages;
    } catch (error) {
      if (!isFault(error) || this.rows === 0) throw error;
      this.#fault = error;
    }
  }

  async take(rows: readonly (DraftRow | RefusedRow)[]): Promise<void> {
    for (const row of rows) {
      this.rows++;
      if (row.kind === 'refused') {
        this.rejected.add(row);
        continue;
      }
      this.#sort(row.draft);
      if (this.#firsts.length === MAX_BATCH || this.#repeats.length === MAX_BATCH) await this.#write();
    }
    await this.rejected.flush();
  }

  async finish(): Promise<ImportReport> {
    await this.#write();
    const { file, first, count } = this.rejected;
    return {
      ...this.#counts,
      rejectedCount: count,
      rejected: first,
      ...(file === undefined ? {} : { rejectedFile: file }),
      byType: Object.fromEntries([...this.#byType].sort(([, left], [, right]) => right - left)),
      ...(this.#fault === undefined ? {} : { fault: toFaultRecord(this.#fault) }),
    };
  }

  #sort(draft: ObjectDraft): void {
    const { type, subtype, value, aliases = [] } = draft;
    const kind = subtype === undefined ? type : `${type}/${subtype}`;
    this.#hasAliases ||= aliases.length > 0;
    const isKnownAlias =
      this.#hasAliases && [value, ...aliases].some((alias) => this.#seen.has(aliasKey(type, alias)));
    const isFirst = this.#seen.add(`${kind}\n${value}`) && !isKnownAlias;
    for (const alias of aliases) this.#seen.add(aliasKey(type, alias));
    if (isFirst) this.#byType.set(kind, (this.#byType.get(kind) ?? 0) + 1);
    (isFirst ? this.#firsts : this.#repeats).push(draft);
  }

  async #write(): Promise<void> {
    if (this.#firsts.length > 0) {
      const { created, updated, unchanged, duplicates } = await this.#options.upsert(this.#firsts);
      this.#count({ created, updated, unchanged, duplicates });
      this.#firsts = [];
    }
    if (this.#repeats.length > 0) {
      const { created } = await this.#options.upsert(this.#repeats);
      this.#count({ created, updated: 0, unchanged: 0, duplicates: this.#repeats.length - created });
      this.#repeats = [];
    }
  }

  #count(counts: UpsertCounts): void {
    for (const name of ['created', 'updated', 'unchanged', 'duplicates'] as const) {
      this.#counts[name] += counts[name];
    }
  }
}

/** Apart from every key: a type has no line break. */
function aliasKey(type: string, alias: string): string {
  return `\n${type}\n${alias}`;
}

async function* tap<T>(items: AsyncIterable<T>, onItem: (item: T) => void): AsyncGenerator<T> {
  for await (const item of items) {
    onItem(item);
    yield item;
  }
}
