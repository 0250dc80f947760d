import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ImportProgress, ImportReport, ImportRequest, StoredCollection } from '@drover/engine';
import { importObjects } from '@drover/importers';
import type { Parts } from '../composition/parts.js';

export interface ImportOrder {
  input: AsyncIterable<Uint8Array>;
  request: ImportRequest;
  onProgress(progress: ImportProgress): void;
}

/** Reads a file into a fixed list. A list that does not exist yet is made with the first object that goes in. */
export async function importInto(
  parts: Parts,
  { input, request, onProgress }: ImportOrder,
): Promise<ImportReport> {
  const objects = await parts.objects();
  const source = request.source ?? (request.fileName === undefined ? 'import' : basename(request.fileName));
  const at = new Date();
  let collection: StoredCollection | undefined;
  const report = await importObjects(input, {
    format: request.format,
    fileName: request.fileName,
    type: request.type,
    subtype: request.subtype,
    rejectedFile: await rejectedFile(parts),
    onProgress,
    upsert: async (drafts) => {
      collection ??= await findOrMake(parts, request.collection);
      return objects.upsert(drafts, { source, at, collectionId: collection.id });
    },
  });
  return { collection: request.collection, ...report };
}

async function findOrMake(parts: Parts, ref: string): Promise<StoredCollection> {
  const collections = await parts.collections();
  return (await collections.find(ref)) ?? collections.create({ name: ref, kind: 'fixed' });
}

async function rejectedFile(parts: Parts): Promise<string> {
  const { imports } = await parts.dataFolder();
  await mkdir(imports, { recursive: true, mode: 0o700 });
  return join(imports, `rejected-${randomUUID()}.jsonl`);
}
