import type {
  AttributeChange,
  ExportFormat,
  ImportProgress,
  ImportReport,
  ImportRequest,
  ObjectChanges,
  ObjectQuery,
  ObjectRequests,
} from '@drover/engine';
import type { DroverObject, Page, PageRequest } from '@drover/model';
import type { Parts } from '../composition/parts.js';
import { csvLine } from './csv-line.js';
import { findCollection } from './embedded-collections.js';
import { editOf, findObject } from './object-edits.js';
import { pagesOf, textOf } from './pages.js';

const CSV_HEAD = csvLine([
  'id',
  'type',
  'subtype',
  'value',
  'status',
  'aliases',
  'sources',
  'attributes',
  'revision',
  'createdAt',
  'updatedAt',
]);

export class EmbeddedObjects implements ObjectRequests {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async import(
    input: AsyncIterable<Uint8Array>,
    request: ImportRequest,
    onProgress: (progress: ImportProgress) => void = () => undefined,
  ): Promise<ImportReport> {
    const { importInto } = await import('./import-objects.js');
    return importInto(this.#parts, { input, request, onProgress });
  }

  async list({ collection, ...query }: ObjectQuery & PageRequest): Promise<Page<DroverObject>> {
    const collectionId = await this.#collectionId(collection);
    return (await this.#parts.objects()).list({ ...query, collectionId });
  }

  async show(ref: string): Promise<DroverObject & { history: AttributeChange[] }> {
    const objects = await this.#parts.objects();
    const object = await findObject(objects, ref);
    return { ...object, history: await objects.history(object.id) };
  }

  async set(ref: string, changes: ObjectChanges): Promise<{ object: DroverObject; changed: boolean }> {
    const objects = await this.#parts.objects();
    const object = await findObject(objects, ref);
    return objects.edit(object.id, editOf(object, changes));
  }

  async *export(
    { collection, filter }: ObjectQuery,
    { format }: { format: ExportFormat },
  ): AsyncGenerator<string> {
    const objects = await this.#parts.objects();
    const collectionId = await this.#collectionId(collection);
    const pages = pagesOf((page) => objects.list({ ...page, filter, collectionId }));
    yield* format === 'csv'
      ? textOf(pages, { head: CSV_HEAD, line: objectCells })
      : textOf(pages, { line: (object) => `${JSON.stringify(object)}\n` });
  }

  async #collectionId(ref: string | undefined) {
    return ref === undefined ? undefined : (await findCollection(this.#parts, ref)).id;
  }
}

function objectCells(object: DroverObject): string {
  return csvLine([
    object.id,
    object.type,
    object.subtype,
    object.value,
    object.status,
    object.aliases.join(' '),
    object.sources.join(' '),
    object.attributes.length === 0 ? '' : JSON.stringify(object.attributes),
    object.revision,
    object.createdAt,
    object.updatedAt,
  ]);
}
