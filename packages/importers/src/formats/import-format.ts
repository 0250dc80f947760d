import { Fault } from '@drover/model';
import { findCsvHeader } from './csv-header.js';

/** What an import can read: CSV, JSON Lines, a STIX 2.1 bundle, or one value a line. */
export const IMPORT_FORMATS = ['csv', 'jsonl', 'stix', 'list'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

const BY_EXTENSION: Readonly<Record<string, ImportFormat>> = {
  csv: 'csv',
  tsv: 'csv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  stix: 'stix',
  stix2: 'stix',
  txt: 'list',
  list: 'list',
};

/**
 * The format by the file's extension, else by its first characters: `head`. A file without a telling extension is a
 * plain list only when the caller says the type of its values. Fault: `IMPORT_FORMAT_UNKNOWN`.
 */
export function detectFormat(file: { fileName?: string; head: string; hasType: boolean }): ImportFormat {
  const extension = /\.([^./\\]+)$/.exec(file.fileName ?? '')?.[1]?.toLowerCase();
  const told = extension === undefined ? undefined : BY_EXTENSION[extension];
  if (told !== undefined) return told;

  const head = file.head.trimStart();
  if (head.startsWith('{')) return isJsonLine(head) ? 'jsonl' : 'stix';
  if (head.startsWith('<')) {
    throw new Fault(
      'IMPORT_FORMAT_UNKNOWN',
      'The file is XML, which is not imported; STIX is read from version 2.1 on.',
    );
  }
  if (head.startsWith('[')) {
    throw new Fault(
      'IMPORT_FORMAT_UNKNOWN',
      'The file is a JSON array; write one object a line (JSON Lines) instead.',
    );
  }
  if (findCsvHeader(firstLine(head)).columns.has('value')) return 'csv';
  if (file.hasType) return 'list';
  throw new Fault(
    'IMPORT_FORMAT_UNKNOWN',
    `The format of ${file.fileName ?? 'the input'} is not told by its name or its first line; give --format.`,
  );
}

/** JSON Lines have a whole object in their first line; a bundle says in the first keys that it is one. */
function isJsonLine(head: string): boolean {
  const line = firstLine(head);
  if (/^\{\s*"(?:type"\s*:\s*"bundle"|id"\s*:\s*"bundle--|objects"\s*:|spec_version"\s*:)/.test(head))
    return false;
  return line.trim().length > 1;
}

function firstLine(text: string): string {
  const end = text.search(/\r?\n/);
  return end === -1 ? text : text.slice(0, end);
}
