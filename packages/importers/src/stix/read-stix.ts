import { asFault, Fault, isFault } from '@drover/model';
import { jsonParser, type Token } from 'stream-json/core/parser.js';
import { refuseRow, type Row } from '../rows.js';
import { BundleObjects, MAX_OBJECT_LENGTH, type BundleItem } from './bundle-objects.js';
import { rowsOfObject } from './rows-of-object.js';

/** Pieces that end at a line break or a closing brace: what is complete before a bad place comes out before the fault. */
const PIECE = /[^}\n]+[}\n]?|[}\n]/g;

/**
 * Rows of a STIX 2.1 bundle, read as a stream. Indicators give a row for each value of their pattern, observables their
 * values; everything else is a refused row. The line of a row is the one on which its object begins. Fault:
 * `IMPORT_MALFORMED` with the line, after the rows before it.
 */
export async function* readStix(text: AsyncIterable<string>): AsyncGenerator<Row[]> {
  const tokensOf = tokenizer();
  const objects = new BundleObjects();
  let line = 1;
  for await (const chunk of text) {
    const rows: Row[] = [];
    let problem: Fault | undefined;
    for (const [piece] of chunk.matchAll(PIECE)) {
      try {
        for (const token of tokensOf(piece)) {
          const item = objects.consume(token, line);
          if (item !== undefined) rows.push(...rowsOf(item));
        }
      } catch (error) {
        if (!isFault(error)) throw error;
        problem = new Fault(error.code, error.message, { path: `line ${line}`, cause: error.cause });
        break;
      }
      if (piece.endsWith('\n')) line++;
    }
    yield rows;
    if (problem !== undefined) throw problem;
  }
  if (!objects.isWhole) {
    const message = 'The file ends before the bundle does: it is cut off or no STIX bundle.';
    throw new Fault('IMPORT_MALFORMED', message, { path: `line ${line}` });
  }
}

function tokenizer(): (piece: string) => readonly Token[] {
  const parse = jsonParser({ packValues: false, streamValues: true });
  return (piece) => {
    try {
      const found = parse(piece);
      return typeof found === 'symbol' ? [] : found.values;
    } catch (error) {
      throw malformed(error);
    }
  };
}

function rowsOf(item: BundleItem): Row[] {
  switch (item.kind) {
    case 'object':
      return rowsOfObject(item.object, item.line);
    case 'stray':
      return [refuseRow(item.line, '', 'ROW_MALFORMED', 'An element of "objects" is not an object.')];
    case 'oversize': {
      const reason = `The object has more than ${MAX_OBJECT_LENGTH} characters or is nested too deeply.`;
      return [refuseRow(item.line, item.id, 'ROW_TOO_LONG', reason)];
    }
  }
}

function malformed(error: unknown): Fault {
  const message = asFault(error).message.replace(/^Parser (?:cannot parse input: |has )?/, '');
  return new Fault('IMPORT_MALFORMED', `The JSON is broken: ${message}.`, { cause: error });
}
