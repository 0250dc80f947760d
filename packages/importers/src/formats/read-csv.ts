import { Fault, type AttributeValue } from '@drover/model';
import { refuseRow, type Row } from '../rows.js';
import type { Line } from '../text/split-lines.js';
import { findCsvHeader, suggestValueColumn, type CsvHeader, type KnownColumn } from './csv-header.js';
import { CsvRecordReader, type CsvRecord } from './csv-records.js';

/** Between the aliases of one cell. */
const ALIAS_SEPARATOR = '|';

/**
 * Rows of a CSV file (RFC 4180; comma, semicolon or tab). The first row names the columns: `value` must be among them,
 * `type`, `subtype`, `aliases` (separated by `|`) and `status` are known, each other column is an attribute. A cell that
 * is a number is one when it is written as numbers are printed (`42`, not `007` or `1e3`); empty cells are no attributes.
 * Faults: `IMPORT_COLUMNS_INVALID`, `IMPORT_TYPE_MISSING`.
 */
export async function* readCsv(
  pages: AsyncIterable<Line[]>,
  defaults: { type?: string; subtype?: string },
): AsyncGenerator<Row[]> {
  let header: CsvHeader | undefined;
  let reader: CsvRecordReader | undefined;
  for await (const page of pages) {
    let lines = page;
    if (reader === undefined) {
      const first = page.findIndex(({ text }) => text.trim() !== '');
      if (first === -1) continue;
      header = checkHeader(page[first]!, defaults);
      reader = new CsvRecordReader(header.delimiter);
      lines = page.slice(first + 1);
    }
    yield rowsOf(reader.push(lines), header!);
  }
  if (reader === undefined) throw new Fault('IMPORT_COLUMNS_INVALID', 'The file has no header row.');
  yield rowsOf(reader.end(), header!);
}

function checkHeader(line: Line, defaults: { type?: string; subtype?: string }): CsvHeader {
  const header = findCsvHeader(line.text);
  const path = `line ${line.number}`;
  if (!header.columns.has('value')) {
    const near = suggestValueColumn(header);
    const hint =
      near === undefined ? 'call the column with the values "value"' : `rename "${near}" to "value"`;
    const names = header.names.slice(0, 20).join(', ').slice(0, 200);
    throw new Fault('IMPORT_COLUMNS_INVALID', `No column "value" among: ${names}; ${hint}.`, { path });
  }
  if (header.doubled.length > 0) {
    const names = header.doubled.join(', ').slice(0, 200);
    throw new Fault(
      'IMPORT_COLUMNS_INVALID',
      `Columns that stand there twice: ${names}; rename one of each.`,
      {
        path,
      },
    );
  }
  const isTyped =
    header.columns.has('type') || header.columns.has('subtype') || defaults.type || defaults.subtype;
  if (!isTyped) {
    throw new Fault(
      'IMPORT_TYPE_MISSING',
      'There is no column "type" or "subtype"; add one or give --type.',
      { path },
    );
  }
  return header;
}

function rowsOf(records: ReturnType<CsvRecordReader['push']>, header: CsvHeader): Row[] {
  return records.flatMap((record) => {
    if (record.kind === 'refused') return [record];
    return record.cells.every((cell) => cell === '') ? [] : [rowOf(record, header)];
  });
}

function rowOf({ line, cells }: CsvRecord, header: CsvHeader): Row {
  const cell = (column: KnownColumn): string | undefined => {
    const position = header.columns.get(column);
    const text = position === undefined ? undefined : cells[position]?.trim();
    return text === '' ? undefined : text;
  };
  const value = cell('value') ?? '';
  const attributes: { name: string; value: AttributeValue }[] = [];
  for (const position of cells.keys()) {
    const text = cells[position]!.trim();
    if (text === '') continue;
    const name = header.attributes[position];
    if (name !== undefined) attributes.push({ name, value: numberOrText(text) });
    else if (position >= header.names.length || header.names[position] === '') {
      return refuseRow(
        line,
        value,
        'ROW_MALFORMED',
        `Cell ${position + 1} has no column: "${text.slice(0, 60)}".`,
      );
    }
  }
  return {
    kind: 'offered',
    line,
    type: cell('type'),
    subtype: cell('subtype'),
    value,
    aliases: cell('aliases')?.split(ALIAS_SEPARATOR),
    attributes,
    status: cell('status'),
  };
}

function numberOrText(text: string): AttributeValue {
  const number = Number(text);
  return Number.isFinite(number) && String(number) === text ? number : text;
}
