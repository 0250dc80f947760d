import { safeText, shorten } from './safe-text.js';

export interface Column<Row> {
  title: string;
  value(row: Row): string | number | undefined;
  /** Longest cell; longer ones end in an ellipsis. Default 60. */
  maxWidth?: number;
  /** Numbers stand on the right. */
  right?: boolean;
}

const GAP = '  ';
const DEFAULT_MAX_WIDTH = 60;

/** Rows as aligned lines under a line of titles; `nothing` where there are none. Cells are made safe to print. */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { nothing }: { nothing: string },
): string {
  if (rows.length === 0) return nothing;
  const cells = [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((column) => cell(row, column))),
  ];
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => [...line[at]!].length)));
  return cells
    .map((line) =>
      line
        .map((text, at) => pad(text, widths[at]!, columns[at]!.right))
        .join(GAP)
        .trimEnd(),
    )
    .join('\n');
}

/** Names and values, one a line, values aligned; those that are `undefined` are left out. */
export function facts(pairs: readonly (readonly [string, string | number | undefined])[]): string {
  const shown = pairs.filter(([, value]) => value !== undefined);
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${safeText(String(value))}`).join('\n');
}

function cell<Row>(row: Row, column: Column<Row>): string {
  return shorten(safeText(String(column.value(row) ?? '')), column.maxWidth ?? DEFAULT_MAX_WIDTH);
}

function pad(text: string, width: number, right = false): string {
  const fill = ' '.repeat(width - [...text].length);
  return right ? fill + text : text + fill;
}
