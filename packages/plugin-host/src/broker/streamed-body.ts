import { createHash } from 'node:crypto';
import { Fault } from '@drover/model';
import type { BodySource } from './broker.js';

/** Characters of a body's beginning that plans show. */
const SHOWN_CHARS = 1_024;
/** Kept of the beginning, so that a secret at the end of what is shown is whole when the redactor looks. */
const KEPT_BYTES = 16 * 1_024;

/** What is known of a streamed body without holding it. */
export interface StreamFigures {
  /** As it goes over the wire. */
  bytes: number;
  sha256: string;
}

/**
 * A body that is read from a plugin while it is sent, one piece in memory at a time. It is measured first, so that plans
 * can show it and the request has a length, and may go out only as it was measured: the last piece is held back until the
 * whole is known to be the same.
 */
export class StreamedBody {
  readonly #source: BodySource;
  readonly #isJsonText: boolean;
  #figures: StreamFigures | undefined;
  #beginning = '';
  #failure: Fault | undefined;

  /** `isJsonText`: the pieces are the inside of a JSON text and escaped as such. */
  constructor(source: BodySource, { isJsonText }: { isJsonText: boolean }) {
    this.#source = source;
    this.#isJsonText = isJsonText;
  }

  /** Reads it once. Rejects with what the plugin throws while it makes it. */
  async measure(): Promise<void> {
    const hash = createHash('sha256');
    const beginning: Buffer[] = [];
    let bytes = 0;
    for await (const piece of this.#encoded()) {
      hash.update(piece);
      // Copied: a part of a piece would keep all of it in memory.
      if (bytes < KEPT_BYTES) beginning.push(Buffer.from(piece.subarray(0, KEPT_BYTES - bytes)));
      bytes += piece.length;
    }
    this.#beginning = Buffer.concat(beginning).toString('utf8');
    this.#figures = { bytes, sha256: hash.digest('hex') };
  }

  get figures(): StreamFigures {
    if (this.#figures === undefined) throw new Fault('INTERNAL', 'A streamed body was used unmeasured.');
    return this.#figures;
  }

  /** What it stands for in what people see and what is compared. */
  describe(redact: (text: string) => string): object {
    const beginning = redact(this.#beginning).slice(0, SHOWN_CHARS).toWellFormed();
    return { streamed: { ...this.figures, beginning } };
  }

  /** Why the last reading did not come to its end, when it is the plugin's doing. */
  get failure(): Fault | undefined {
    return this.#failure;
  }

  /** Reads it anew, for one try. */
  async *send(): AsyncGenerator<Buffer> {
    this.#failure = undefined;
    const hash = createHash('sha256');
    let left = this.figures.bytes;
    try {
      for await (const piece of this.#encoded()) {
        hash.update(piece);
        left -= piece.length;
        if (left < 0 || (left === 0 && hash.copy().digest('hex') !== this.figures.sha256)) throw differs();
        yield piece;
      }
      if (left > 0) throw differs();
    } catch (thrown) {
      this.#failure = thrown as Fault;
      throw thrown;
    }
  }

  async *#encoded(): AsyncGenerator<Buffer> {
    for await (const piece of this.#source.read()) {
      if (!this.#isJsonText) yield typeof piece === 'string' ? Buffer.from(piece) : piece;
      else if (typeof piece === 'string') yield Buffer.from(JSON.stringify(piece).slice(1, -1));
      else throw new Fault('CALL_INVALID', 'The stream of a streamMember has to be of text, and gave bytes.');
    }
  }
}

function differs(): Fault {
  return new Fault(
    'PLUGIN_CONTRACT',
    'The body of a call was another one when it was read again, so it was not sent to its end; its stream has to give the same each time.',
  );
}
