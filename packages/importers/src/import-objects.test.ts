import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ObjectDraft } from '@drover/model';
import fc from 'fast-check';
import { importObjects, type ImportOptions, type ImportReport, type UpsertCounts } from './import-objects.js';

/** Counts as the library does: by key over all calls, and within one call. */
class CountingLibrary {
  readonly calls: ObjectDraft[][] = [];
  readonly #known = new Map<string, number>();

  async upsert(drafts: readonly ObjectDraft[]): Promise<UpsertCounts> {
    const call = this.calls.push([...drafts]);
    const counts = { created: 0, updated: 0, unchanged: 0, duplicates: 0 };
    for (const { type, subtype, value, aliases = [] } of drafts) {
      const keys = [
        `${type}/${subtype}/${value}`,
        ...[value, ...aliases].map((alias) => `${type}//${alias}`),
      ];
      const knownSince = keys.map((key) => this.#known.get(key)).find((since) => since !== undefined);
      if (knownSince === undefined) counts.created++;
      else if (knownSince === call) counts.duplicates++;
      else counts.unchanged++;
      for (const key of [keys[0]!, ...keys.slice(2)]) this.#known.set(key, knownSince ?? call);
    }
    return counts;
  }
}

function bytes(text: string, chunkSize = 1_000): Readable {
  const buffer = Buffer.from(text);
  const chunks = [];
  for (let at = 0; at < buffer.length; at += chunkSize) chunks.push(buffer.subarray(at, at + chunkSize));
  return Readable.from(chunks);
}

function importText(text: string, options: Partial<ImportOptions> = {}): Promise<ImportReport> {
  const library = new CountingLibrary();
  return importObjects(bytes(text), {
    upsert: (drafts) => library.upsert(drafts),
    type: 'asset',
    ...options,
  });
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drover-import-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('importObjects', () => {
  test('writes batches of 1,000 and reports what the library says', async () => {
    const library = new CountingLibrary();
    const text = Array.from({ length: 2_500 }, (_, at) => `asset ${at}`).join('\n');
    const report = await importObjects(bytes(text), {
      upsert: (drafts) => library.upsert(drafts),
      format: 'list',
      type: 'asset',
    });
    expect(library.calls.map((call) => call.length)).toEqual([1_000, 1_000, 500]);
    expect(library.calls.flat()).toHaveLength(2_500);
    expect(report).toEqual({
      created: 2_500,
      updated: 0,
      unchanged: 0,
      duplicates: 0,
      rejectedCount: 0,
      rejected: [],
      byType: { asset: 2_500 },
    });
    const again = await importObjects(bytes(text), {
      upsert: (drafts) => library.upsert(drafts),
      format: 'list',
      type: 'asset',
    });
    expect(again).toMatchObject({ created: 0, unchanged: 2_500, duplicates: 0 });
  });

  test('for any rows: each is counted once, duplicates are exact over the whole file, all good ones are written', async () => {
    const value = fc.oneof(fc.integer({ min: 0, max: 40 }).map(String), fc.constant('\u0001'));
    await fc.assert(
      fc.asyncProperty(fc.array(value, { maxLength: 60 }), async (few) => {
        const rows = Array.from({ length: 40 }, () => few).flat();
        const good = rows.filter((row) => row !== '\u0001');
        const library = new CountingLibrary();
        const report = await importObjects(bytes(rows.join('\n')), {
          upsert: (drafts) => library.upsert(drafts),
          format: 'list',
          type: 'asset',
        });
        expect(report.created).toBe(new Set(good).size);
        expect(report.duplicates).toBe(good.length - report.created);
        expect(report.rejectedCount).toBe(rows.length - good.length);
        expect(library.calls.flat()).toHaveLength(good.length);
        expect(Math.max(0, ...library.calls.map((call) => call.length))).toBeLessThanOrEqual(1_000);
      }),
      { numRuns: 60 },
    );
  });

  test('a row under an alias of an earlier one is a duplicate, however far away', async () => {
    const filler = Array.from({ length: 1_500 }, (_, at) => `filler ${at},`);
    const text = ['value,aliases', 'dana,dmoss', ...filler, 'dmoss,', 'dm,dmoss'].join('\n');
    const report = await importText(text, { type: 'identity', format: 'csv' });
    expect(report).toMatchObject({ created: 1_501, duplicates: 2, unchanged: 0 });
  });

  test('repeats come after the first offer, in the order of the file', async () => {
    const library = new CountingLibrary();
    await importObjects(bytes('value,note\na,1\nb,2\na,3\na,4'), {
      upsert: (drafts) => library.upsert(drafts),
      type: 'asset',
    });
    const notes = library.calls.map((call) => call.map(({ attributes }) => attributes?.[0]?.value));
    expect(notes).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test('up to 1,000 refused rows are in the report alone', async () => {
    const rejectedFile = join(folder, 'rejected.jsonl');
    const report = await importText('\u0001\n'.repeat(1_000), { format: 'list', rejectedFile });
    expect(report.rejected).toHaveLength(1_000);
    expect(report.rejected[999]).toEqual({
      line: 1_000,
      value: '\u0001',
      reason: 'The value has control characters or broken Unicode.',
      code: 'VALUE_CHARACTERS',
    });
    expect(report.rejectedFile).toBeUndefined();
    await expect(readFile(rejectedFile)).rejects.toThrow('ENOENT');
  });

  test('more of them all go to the file', async () => {
    const rejectedFile = join(folder, 'rejected.jsonl');
    const report = await importText('\u0001\n'.repeat(2_345), { format: 'list', rejectedFile });
    expect(report).toMatchObject({ rejectedCount: 2_345, rejectedFile, created: 0 });
    expect(report.rejected).toHaveLength(1_000);
    const lines = (await readFile(rejectedFile, 'utf8')).trimEnd().split('\n');
    const rows = lines.map((line) => JSON.parse(line) as { line: number });
    expect(rows.map(({ line }) => line)).toEqual(Array.from({ length: 2_345 }, (_, at) => at + 1));
  });

  test('without a file the rest is counted', async () => {
    const report = await importText('\u0001\n'.repeat(1_200), { format: 'list' });
    expect(report).toMatchObject({ rejectedCount: 1_200 });
    expect(report.rejectedFile).toBeUndefined();
  });

  test('a file that breaks off is told in the report, what came before is in', async () => {
    const library = new CountingLibrary();
    const text =
      '{"type":"bundle","objects":[\n{"type":"url","value":"https://example.com/"},\n{"type":"url"';
    const report = await importObjects(bytes(text), { upsert: (drafts) => library.upsert(drafts) });
    expect(report).toMatchObject({
      created: 1,
      byType: { 'indicator/URL': 1 },
      fault: { code: 'IMPORT_MALFORMED', path: 'line 3' },
    });
    expect(library.calls.flat()).toHaveLength(1);
  });

  test('a fault before the first row, of the library or of the source rejects', async () => {
    await expect(importText('x', { format: 'csv' })).rejects.toMatchObject({
      code: 'IMPORT_COLUMNS_INVALID',
    });
    const full = new Error('disk full');
    const upsert = async (): Promise<never> => {
      throw full;
    };
    await expect(importText('x', { format: 'list', upsert })).rejects.toBe(full);
    const source = Readable.from(
      (async function* () {
        yield Buffer.from('x\n');
        throw new Error('read error');
      })(),
    );
    const options = { upsert: (drafts: readonly ObjectDraft[]) => new CountingLibrary().upsert(drafts) };
    await expect(importObjects(source, { ...options, format: 'list', type: 'asset' })).rejects.toThrow(
      'read error',
    );
  });

  test('an early end lets go of the source', async () => {
    const source = bytes('value\nx\n'.repeat(5_000));
    const upsert = async (): Promise<never> => {
      throw new Error('no');
    };
    await expect(importObjects(source, { upsert, type: 'asset', format: 'list' })).rejects.toThrow('no');
    expect(source.destroyed).toBe(true);
    const unknown = bytes('example.com\n'.repeat(5_000));
    await expect(importObjects(unknown, { upsert })).rejects.toMatchObject({ code: 'IMPORT_FORMAT_UNKNOWN' });
    expect(unknown.destroyed).toBe(true);
  });

  test('progress tells bytes, rows and refused rows', async () => {
    const seen: unknown[] = [];
    const text = 'x\n\u0001\n'.repeat(7_000);
    await importText(text, { format: 'list', onProgress: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toEqual({ bytes: text.length, rows: 14_000, rejected: 7_000 });
    expect(seen.length).toBeGreaterThan(1);
  });

  test('an aborted import stops and says why', async () => {
    const controller = new AbortController();
    const library = new CountingLibrary();
    const text = Array.from({ length: 5_000 }, (_, at) => `asset ${at}`).join('\n');
    const upsert: ImportOptions['upsert'] = (drafts) => {
      controller.abort(new Error('enough'));
      return library.upsert(drafts);
    };
    const running = importText(text, { format: 'list', signal: controller.signal, upsert });
    await expect(running).rejects.toThrow('enough');
    expect(library.calls).toHaveLength(1);
  });
});
