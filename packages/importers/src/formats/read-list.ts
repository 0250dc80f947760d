import { Fault } from '@drover/model';
import { refuseRow, type Row } from '../rows.js';
import { type Line, MAX_LINE_LENGTH } from '../text/split-lines.js';

/**
 * Rows of a plain list: one value a line, blank lines and lines that begin with `#` left out. All have the type (and
 * subtype) that the caller gives. Fault: `IMPORT_TYPE_MISSING`.
 */
export async function* readList(
  pages: AsyncIterable<Line[]>,
  kind: { type?: string; subtype?: string },
): AsyncGenerator<Row[]> {
  if (!kind.type && !kind.subtype) {
    throw new Fault(
      'IMPORT_TYPE_MISSING',
      'A plain list does not say what its values are; give --type and --subtype.',
    );
  }
  for await (const lines of pages) {
    yield lines.filter(({ text }) => !/^\s*(?:#|$)/.test(text)).map(rowOf);
  }
}

function rowOf({ number, text, isCut }: Line): Row {
  return isCut
    ? refuseRow(number, text, 'ROW_TOO_LONG', `The line has more than ${MAX_LINE_LENGTH} characters.`)
    : { kind: 'offered', line: number, value: text };
}
