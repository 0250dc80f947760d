/** A row of a conformance table. */
export interface ConformanceRow {
  /** In the page, from 1. */
  line: number;
  cells: string[];
}

/** A test that a row names. */
export interface NamedTest {
  title: string;
  /** From the page. */
  path: string;
}

export const CONFORMANCE_COLUMNS = ['in the document', 'in Drover', 'status', 'shown by'] as const;

/** The rows of all tables of a page that have the columns of a conformance table. */
export function conformanceRowsOf(page: string): ConformanceRow[] {
  const rows: ConformanceRow[] = [];
  let isInTable = false;
  for (const [index, text] of page.split('\n').entries()) {
    const cells = cellsOf(text);
    if (cells === undefined) isInTable = false;
    else if (cells.join() === CONFORMANCE_COLUMNS.join()) isInTable = true;
    else if (isInTable && !cells.every((cell) => /^:?-+:?$/.test(cell)))
      rows.push({ line: index + 1, cells });
  }
  return rows;
}

/** The tests that a cell links to, by title. */
export function namedTestsIn(cell: string): NamedTest[] {
  return [...cell.matchAll(/\[((?:\\.|[^\]\\])+)\]\(([^)\s]+)\)/g)].map(([, title, path]) => ({
    title: title!.replace(/\\(.)/g, '$1'),
    path: path!,
  }));
}

function cellsOf(text: string): string[] | undefined {
  const line = text.trim();
  if (!line.startsWith('|')) return undefined;
  return line
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}
