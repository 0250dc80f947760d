import { isUtf8 } from 'node:buffer';
import { Fault } from '@drover/model';

/** Small, since a row of a page may be a few bytes and is some hundred bytes in memory. */
const MAX_PIECE_BYTES = 16 * 1024;
const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
/** First bytes of files that people take for text, with what to do about them. */
const SIGNATURES: readonly {
  bytes: number[];
  code: 'IMPORT_NOT_TEXT' | 'IMPORT_NOT_UTF8';
  message: string;
}[] = [
  {
    bytes: [0x1f, 0x8b],
    code: 'IMPORT_NOT_TEXT',
    message: 'The file is compressed with gzip; unpack it first.',
  },
  {
    bytes: [0x50, 0x4b, 0x03, 0x04],
    code: 'IMPORT_NOT_TEXT',
    message: 'The file is a zip or a spreadsheet; unpack it, or export it as CSV.',
  },
  {
    bytes: [0xff, 0xfe],
    code: 'IMPORT_NOT_UTF8',
    message: 'The file is encoded as UTF-16; save it as UTF-8.',
  },
  {
    bytes: [0xfe, 0xff],
    code: 'IMPORT_NOT_UTF8',
    message: 'The file is encoded as UTF-16; save it as UTF-8.',
  },
];

/**
 * Bytes of UTF-8 as text, without a byte order mark. Text up to the line before the first bad byte comes out before the
 * fault: `IMPORT_NOT_UTF8`, or `IMPORT_NOT_TEXT` for a NUL and for archives, with the line as its path.
 */
export async function* decodeText(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let line = 1;
  let carry: Uint8Array = Buffer.alloc(0);
  let started = false;
  for await (const chunk of inPieces(source)) {
    const bytes = carry.length === 0 ? asBuffer(chunk) : Buffer.concat([carry, chunk]);
    if (!started && bytes.length < 4) {
      carry = bytes;
      continue;
    }
    const body = started ? bytes : checkStart(bytes);
    started = true;
    const whole = body.subarray(0, body.length - incompleteTail(body));
    carry = body.subarray(whole.length);
    yield* decodeWhole(whole, line);
    line += countNewlines(whole);
  }
  if (carry.length > 0) yield* decodeWhole(started ? asBuffer(carry) : checkStart(asBuffer(carry)), line);
}

/** Whatever the source's chunks are, what is made of one stays small. */
async function* inPieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    for (let start = 0; start < chunk.length; start += MAX_PIECE_BYTES) {
      yield chunk.subarray(start, start + MAX_PIECE_BYTES);
    }
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function checkStart(bytes: Buffer): Buffer {
  for (const { bytes: signature, code, message } of SIGNATURES) {
    if (signature.every((byte, at) => bytes[at] === byte)) throw new Fault(code, message, { path: 'line 1' });
  }
  const marked = bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
  return marked ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes;
}

/** Bytes at the end that begin a character which the next chunk completes: 0 to 3. */
function incompleteTail(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? back : 0;
  }
  return 0;
}

function* decodeWhole(bytes: Buffer, firstLine: number): Generator<string> {
  if (bytes.length === 0) return;
  if (isUtf8(bytes) && !bytes.includes(0)) {
    yield bytes.toString('utf8');
    return;
  }
  const { good, line, isNul } = findBadLine(bytes, firstLine);
  if (good > 0) yield bytes.toString('utf8', 0, good);
  throw isNul
    ? new Fault('IMPORT_NOT_TEXT', `The file holds a NUL byte in line ${line}: it is not text.`, {
        path: `line ${line}`,
      })
    : new Fault('IMPORT_NOT_UTF8', `The bytes of line ${line} are not UTF-8; save the file as UTF-8.`, {
        path: `line ${line}`,
      });
}

function findBadLine(bytes: Buffer, firstLine: number): { good: number; line: number; isNul: boolean } {
  let line = firstLine;
  let start = 0;
  for (;;) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline === -1 ? bytes.length : newline + 1;
    const text = bytes.subarray(start, end);
    if (newline === -1 || !isUtf8(text) || text.includes(0)) {
      return { good: start, line, isNul: text.includes(0) };
    }
    line++;
    start = end;
  }
}

function countNewlines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  return count;
}
