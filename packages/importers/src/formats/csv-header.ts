import { nearestName } from '@drover/model';
import { parse } from 'csv-parse/sync';

export type KnownColumn = 'type' | 'subtype' | 'value' | 'aliases' | 'status';

export interface CsvHeader {
  delimiter: string;
  /** Position of each known column. */
  columns: ReadonlyMap<KnownColumn, number>;
  /** The other columns: name of the attribute by position; a column without a name is undefined. */
  attributes: readonly (string | undefined)[];
  /** All names as they stand there. */
  names: readonly string[];
  /** Names that stand there twice. */
  doubled: readonly string[];
}

const DELIMITERS = [',', ';', '\t'] as const;
const KNOWN: Readonly<Record<string, KnownColumn>> = {
  type: 'type',
  objecttype: 'type',
  subtype: 'subtype',
  value: 'value',
  aliases: 'aliases',
  status: 'status',
};

/**
 * The header by its line. The delimiter is a comma, semicolon or tab: the one under which there is a column `value`,
 * else the one that makes most columns. Case, blanks, dashes and underscores of the known names do not matter.
 */
export function findCsvHeader(line: string): CsvHeader {
  const candidates = DELIMITERS.map((delimiter) => readHeader(line, delimiter));
  return (
    candidates.find(({ columns }) => columns.has('value')) ??
    candidates.reduce((most, candidate) => (candidate.names.length > most.names.length ? candidate : most))
  );
}

/** The column that somebody most likely meant to be `value`. */
export function suggestValueColumn(header: CsvHeader): string | undefined {
  return nearestName('value', header.names);
}

function readHeader(line: string, delimiter: string): CsvHeader {
  const names = cellsOf(line, delimiter).map((name) => name.trim());
  const columns = new Map<KnownColumn, number>();
  const attributes: (string | undefined)[] = [];
  const seen = new Set<string>();
  const doubled: string[] = [];
  for (const [position, name] of names.entries()) {
    const folded = name.toLowerCase().replace(/[\s_-]/g, '');
    const known = Object.hasOwn(KNOWN, folded) ? KNOWN[folded] : undefined;
    const key = known ?? name;
    if (name !== '' && seen.has(key)) doubled.push(name);
    seen.add(key);
    if (known !== undefined) columns.set(known, position);
    else if (name !== '') attributes[position] = name;
  }
  return { delimiter, columns, attributes, names, doubled };
}

function cellsOf(line: string, delimiter: string): string[] {
  try {
    const [cells = []] = parse(line, { delimiter, relax_quotes: true }) as string[][];
    return cells;
  } catch {
    return line.split(delimiter);
  }
}
