import { parse } from 'csv-parse/sync';
import { refuseRow, type RefusedRow } from '../rows.js';
import { type Line, MAX_LINE_LENGTH } from '../text/split-lines.js';

export interface CsvRecord {
  kind: 'record';
  /** Line on which it starts. */
  line: number;
  cells: string[];
}

/** A complete record in one line, its quotes not yet looked at. */
interface QuotedLine {
  kind: 'quoted';
  line: Line;
}

const REASONS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'A quote opens here and is not closed.',
  CSV_INVALID_CLOSING_QUOTE: 'Text follows the closing quote of a field; double the quotes inside a field.',
  INVALID_OPENING_QUOTE: 'A quote stands inside a field; put the field in quotes and double the quote.',
};

/**
 * Cuts lines into CSV records and records into cells. A record goes on over line breaks while a quote is open. A record
 * that cannot be read (a quote that is not closed, text after a closing one) costs its first line only: reading goes on
 * with the next. Holds no more than one record of 64 Ki characters.
 */
export class CsvRecordReader {
  readonly #delimiter: string;
  /** Lines of a record whose quote is still open. */
  #open: Line[] = [];
  #openLength = 0;

  constructor(delimiter: string) {
    this.#delimiter = delimiter;
  }

  push(lines: readonly Line[]): (CsvRecord | RefusedRow)[] {
    return this.#cutQuoted(this.#join([...lines].reverse()));
  }

  /** The rest at the end of the file: what is still open there is broken. */
  end(): (CsvRecord | RefusedRow)[] {
    const found: (CsvRecord | QuotedLine | RefusedRow)[] = [];
    while (this.#open.length > 0) {
      const { refused, rest } = this.#giveUpFirst();
      found.push(refused, ...this.#join(rest));
    }
    return this.#cutQuoted(found);
  }

  /** `upcoming` has the next line last, so that lines can be put back cheaply. */
  #join(upcoming: Line[]): (CsvRecord | QuotedLine | RefusedRow)[] {
    const found: (CsvRecord | QuotedLine | RefusedRow)[] = [];
    for (let line = upcoming.pop(); line !== undefined; line = upcoming.pop()) {
      if (this.#open.length === 0) {
        const complete = this.#completeIn(line);
        if (complete === 'open') this.#hold(line);
        else if (complete !== 'blank') found.push(complete);
        continue;
      }
      this.#hold(line);
      const isOver = line.isCut || this.#openLength > MAX_LINE_LENGTH;
      if (!isOver && !hasOddQuotes(line.text)) continue;
      const record = isOver ? undefined : this.#closeOpen();
      if (record !== undefined) {
        found.push(record);
        continue;
      }
      const { refused, rest } = this.#giveUpFirst();
      found.push(refused);
      upcoming.push(...rest);
    }
    return found;
  }

  #completeIn(line: Line): CsvRecord | QuotedLine | RefusedRow | 'open' | 'blank' {
    if (line.isCut) return refuseTooLong(line);
    if (line.text === '') return 'blank';
    if (!line.text.includes('"')) {
      return { kind: 'record', line: line.number, cells: line.text.split(this.#delimiter) };
    }
    // Told apart here, since the parser takes long to say so.
    if (!this.#opensQuote(line.text)) return refuseMalformed(line, 'INVALID_OPENING_QUOTE');
    return hasOddQuotes(line.text) ? 'open' : { kind: 'quoted', line };
  }

  /** Whether some field begins with a quote. */
  #opensQuote(text: string): boolean {
    return text.startsWith('"') || text.includes(`${this.#delimiter}"`);
  }

  #hold(line: Line): void {
    this.#open.push(line);
    this.#openLength += line.text.length + 1;
  }

  /** The open lines as one record, when they make exactly one. */
  #closeOpen(): CsvRecord | undefined {
    const records = this.#parse(this.#open.map(({ text }) => text).join('\n'));
    if (!Array.isArray(records) || records.length !== 1) return undefined;
    const record: CsvRecord = { kind: 'record', line: this.#open[0]!.number, cells: records[0]! };
    this.#open = [];
    this.#openLength = 0;
    return record;
  }

  /** Refuses the first open line; the others, in reverse, are to be read anew. */
  #giveUpFirst(): { refused: RefusedRow; rest: Line[] } {
    const [first, ...rest] = this.#open;
    this.#open = [];
    this.#openLength = 0;
    const problem = this.#parse(first!.text);
    return {
      refused: refuseMalformed(first!, Array.isArray(problem) ? 'CSV_QUOTE_NOT_CLOSED' : problem),
      rest: rest.reverse(),
    };
  }

  /** Cells of the lines with quotes, all in one call; line by line only when one of them is broken. */
  #cutQuoted(found: readonly (CsvRecord | QuotedLine | RefusedRow)[]): (CsvRecord | RefusedRow)[] {
    const quoted = found.filter((item) => item.kind === 'quoted');
    const together = quoted.length === 0 ? [] : this.#parse(quoted.map(({ line }) => line.text).join('\n'));
    const cells = Array.isArray(together) && together.length === quoted.length ? together : undefined;
    let at = 0;
    return found.map((item) => {
      if (item.kind !== 'quoted') return item;
      const own = cells?.[at++] ?? this.#cellsOf(item.line);
      return Array.isArray(own) ? { kind: 'record', line: item.line.number, cells: own } : own;
    });
  }

  #cellsOf(line: Line): string[] | RefusedRow {
    const records = this.#parse(line.text);
    return Array.isArray(records) ? (records[0] ?? []) : refuseMalformed(line, records);
  }

  /** Records, or the code of what is wrong. */
  #parse(text: string): string[][] | string {
    try {
      return parse(text, {
        delimiter: this.#delimiter,
        record_delimiter: '\n',
        relax_column_count: true,
        max_record_size: 0,
      }) as string[][];
    } catch (error) {
      return (error as { code: string }).code;
    }
  }
}

function hasOddQuotes(text: string): boolean {
  let isOdd = false;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) isOdd = !isOdd;
  return isOdd;
}

function refuseTooLong(line: Line): RefusedRow {
  return refuseRow(
    line.number,
    line.text,
    'ROW_TOO_LONG',
    `The row has more than ${MAX_LINE_LENGTH} characters.`,
  );
}

function refuseMalformed(line: Line, problem: string): RefusedRow {
  return refuseRow(line.number, line.text, 'ROW_MALFORMED', REASONS[problem] ?? 'The row is not CSV.');
}
