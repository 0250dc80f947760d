export {
  importObjects,
  type ImportOptions,
  type ImportProgress,
  type ImportReport,
  type UpsertCounts,
} from './import-objects.js';
export { IMPORT_FORMATS, type ImportFormat } from './formats/import-format.js';
export { readObjects, type ReadOptions } from './read-objects.js';
export type { RefusedRow, RejectedRow } from './rows.js';
export type { DraftRow } from './to-draft.js';
