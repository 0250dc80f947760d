import {
  Fault,
  findObjectType,
  findSubtype,
  suggestObjectType,
  suggestSubtype,
  subtypesOf,
} from '@drover/model';
import { detectFormat, type ImportFormat } from './formats/import-format.js';
import { readCsv } from './formats/read-csv.js';
import { readJsonLines } from './formats/read-json-lines.js';
import { readList } from './formats/read-list.js';
import type { RefusedRow, Row } from './rows.js';
import { readStix } from './stix/read-stix.js';
import { decodeText } from './text/decode-text.js';
import { peek } from './text/peek.js';
import { splitLines } from './text/split-lines.js';
import { toDraft, type DraftRow, type RowDefaults } from './to-draft.js';

export interface ReadOptions {
  /** Default: by the extension of `fileName`, else by the first characters. */
  format?: ImportFormat;
  fileName?: string;
  /** Type of rows that do not say one, name or alias. Plain lists need it, or `subtype`. */
  type?: string;
  /** Subtype of rows that do not say one; without `type` an indicator's. */
  subtype?: string;
}

/**
 * The objects of a file, page by page in the order of the file: each row either as a normalised draft or as refused with
 * its line and the reason. Memory does not grow with the file; lines and CSV rows are held up to 64 Ki characters, STIX
 * objects up to 256 Ki. Faults, after the rows before them: `IMPORT_FORMAT_UNKNOWN`, `IMPORT_TYPE_MISSING`,
 * `IMPORT_COLUMNS_INVALID`, `IMPORT_NOT_TEXT`, `IMPORT_NOT_UTF8`, `IMPORT_MALFORMED`, and `TYPE_UNKNOWN`,
 * `SUBTYPE_UNKNOWN`, `SUBTYPE_MISSING` or `SUBTYPE_NOT_ALLOWED` for the options.
 */
export async function* readObjects(
  source: AsyncIterable<Uint8Array>,
  options: ReadOptions = {},
): AsyncGenerator<(DraftRow | RefusedRow)[]> {
  const defaults = resolveDefaults(options);
  const decoded = decodeText(source);
  try {
    const { head, text } = await peek(decoded);
    const { fileName } = options;
    const format = options.format ?? detectFormat({ fileName, head, hasType: defaults.type !== undefined });
    for await (const rows of readRows(format, text, defaults)) {
      yield rows.map((row) => (row.kind === 'refused' ? row : toDraft(row, defaults)));
    }
  } finally {
    await decoded.return(undefined);
  }
}

function readRows(
  format: ImportFormat,
  text: AsyncIterable<string>,
  defaults: RowDefaults,
): AsyncGenerator<Row[]> {
  switch (format) {
    case 'csv':
      return readCsv(splitLines(text), defaults);
    case 'jsonl':
      return readJsonLines(splitLines(text));
    case 'stix':
      return readStix(text);
    case 'list':
      return readList(splitLines(text), defaults);
  }
}

/** Canonical names of what the caller says, checked before the first byte is read. */
function resolveDefaults({ type, subtype, format }: ReadOptions): RowDefaults {
  if (!type && !subtype) return {};
  const found = type ? findObjectType(type) : 'indicator';
  if (found === undefined) throw unknown('TYPE_UNKNOWN', `no type "${type}"`, suggestObjectType(type!));
  if (!subtype) {
    if (format === 'list' && subtypesOf(found).length > 0) {
      throw new Fault(
        'SUBTYPE_MISSING',
        `Values of type ${found} need a subtype; give --subtype, such as URL.`,
      );
    }
    return { type: found };
  }
  const foundSubtype = findSubtype(found, subtype);
  if (foundSubtype !== undefined) return { type: found, subtype: foundSubtype };
  if (subtypesOf(found).length === 0) {
    throw new Fault('SUBTYPE_NOT_ALLOWED', `Objects of type ${found} have no subtype; leave --subtype out.`);
  }
  throw unknown('SUBTYPE_UNKNOWN', `no subtype "${subtype}" of ${found}`, suggestSubtype(found, subtype));
}

function unknown(
  code: 'TYPE_UNKNOWN' | 'SUBTYPE_UNKNOWN',
  what: string,
  suggestion: string | undefined,
): Fault {
  return new Fault(
    code,
    `There is ${what}${suggestion === undefined ? '' : `, perhaps ${suggestion} is meant`}.`,
  );
}
