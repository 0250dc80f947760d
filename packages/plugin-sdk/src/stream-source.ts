import { Fault } from '@drover/model';
import { MAX_PIECE, type StreamPiece } from './wire.js';

/** A body in portions of any size; text goes out as UTF-8. */
export type StreamChunks = Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

/**
 * A body that is made while it is sent. It is read from its start several times (once to measure it, once for each try), and
 * has to be the same each time: a list, a set, or a function that begins anew. A generator that has begun is refused.
 */
export type StreamSource = StreamChunks | (() => StreamChunks);

/** The plugin's end of a streamed body: hands out its pieces one at a time, when the host asks. */
export class ServedStream {
  readonly #source: StreamSource;
  #pieces: AsyncGenerator<StreamPiece> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** Throws `CALL_INVALID` for what cannot be read twice. */
  constructor(source: StreamSource) {
    if (typeof source !== 'function') checkRepeatable(source);
    this.#source = source;
  }

  /** The next piece, `null` after the last. Asked again before the last answer came, it waits for its turn. */
  read(fromStart: boolean): Promise<StreamPiece | null> {
    const piece = this.#turn.then(() => this.#next(fromStart));
    this.#turn = piece.catch(() => undefined);
    return piece;
  }

  async #next(fromStart: boolean): Promise<StreamPiece | null> {
    if (fromStart || this.#pieces === undefined) {
      await this.#pieces?.return(undefined);
      this.#pieces = piecesOf(typeof this.#source === 'function' ? this.#source() : this.#source);
    }
    const { value, done } = await this.#pieces.next();
    return done ? null : value;
  }
}

function checkRepeatable(source: StreamChunks): void {
  const chunks = source as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  const iterator = chunks?.[Symbol.asyncIterator]?.() ?? chunks?.[Symbol.iterator]?.();
  if (iterator === undefined) throw invalid('is neither iterable nor a function that returns what is');
  if (iterator === chunks) {
    throw invalid('can be read only once; hand over a function that makes it, such as `() => linesOf(list)`');
  }
}

/** Gathers small chunks and cuts large ones, never between the halves of a character. */
async function* piecesOf(chunks: StreamChunks): AsyncGenerator<StreamPiece> {
  let text = '';
  for await (const chunk of chunks) {
    if (typeof chunk === 'string') {
      text += chunk;
      for (; text.length > MAX_PIECE; text = text.slice(endOfPiece(text))) {
        yield { text: text.slice(0, endOfPiece(text)) };
      }
    } else if (chunk instanceof Uint8Array) {
      if (text !== '') yield { text };
      text = '';
      for (let at = 0; at < chunk.length; at += MAX_PIECE) {
        yield { base64: Buffer.from(chunk.subarray(at, at + MAX_PIECE)).toString('base64') };
      }
    } else {
      throw invalid('gave a chunk that is neither text nor bytes');
    }
  }
  if (text !== '') yield { text };
}

function endOfPiece(text: string): number {
  const last = text.charCodeAt(MAX_PIECE - 1);
  return last >= 0xd800 && last <= 0xdbff ? MAX_PIECE - 1 : MAX_PIECE;
}

function invalid(problem: string): Fault {
  return new Fault('CALL_INVALID', `The stream of a call ${problem}.`);
}
