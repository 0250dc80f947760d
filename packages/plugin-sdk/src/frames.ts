import type { Writable } from 'node:stream';
import { Fault } from '@drover/model';

const HEADER_BYTES = 4;

/**
 * One message as one buffer, so that it leaves in one write.
 * Faults: `PLUGIN_CONTRACT` when it is no JSON (a cycle, a BigInt) or larger than `maxBytes`.
 */
export function encodeFrame(message: object, maxBytes: number): Buffer {
  const text = toJson(message);
  const length = Buffer.byteLength(text);
  if (length > maxBytes) {
    throw new Fault(
      'PLUGIN_CONTRACT',
      `A message of ${length} bytes is over the ${maxBytes} that one frame takes; hand over less at a time.`,
    );
  }
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
  frame.writeUInt32BE(length, 0);
  frame.write(text, HEADER_BYTES);
  return frame;
}

/** How long a frame that may wait does so, when no other one leaves. */
const LONGEST_WAIT_MS = 5;

/** Writes frames to a pipe: those of one turn of the event loop leave together, so that the reader wakes once for them. */
export class FrameWriter {
  readonly #pipe: Writable;
  #isHeld = false;
  #leaves = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(pipe: Writable) {
    this.#pipe = pipe;
  }

  /** @param options.mayWait leaves with the next one, or after 5 ms: nobody goes on for its sake alone. Default false. */
  write(frame: Buffer, { mayWait = false }: { mayWait?: boolean } = {}): void {
    if (!this.#isHeld) {
      this.#isHeld = true;
      this.#pipe.cork();
    }
    this.#pipe.write(frame);
    if (this.#leaves) return;
    if (mayWait) {
      this.#timer ??= setTimeout(() => this.#flush(), LONGEST_WAIT_MS);
      return;
    }
    this.#leaves = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#leaves = false;
    this.#pipe.uncork();
  }
}

function toJson(message: object): string {
  try {
    return JSON.stringify(message);
  } catch (cause) {
    throw new Fault(
      'PLUGIN_CONTRACT',
      `A value cannot be written as JSON (${(cause as Error).message}); return plain data.`,
      { cause },
    );
  }
}

/** Takes the bytes of a pipe apart into frames. Looks at a frame's length before it keeps a byte of it. */
export class FrameReader {
  readonly #maxBytes: number;
  #chunks: Buffer[] = [];
  #buffered = 0;
  /** Bytes of header and body that the frame under way needs. */
  #needed = HEADER_BYTES;

  constructor(options: { maxBytes: number }) {
    this.#maxBytes = options.maxBytes;
  }

  /**
   * The frames that the bytes so far complete, as their JSON in bytes (views, good until the next call).
   * Faults: `PLUGIN_CONTRACT` for a length of zero or over the limit; the pipe is of no use after it.
   */
  *read(chunk: Buffer): Generator<Buffer> {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    while (this.#buffered >= this.#needed) {
      if (this.#needed === HEADER_BYTES) {
        this.#needed += this.#checkedLength();
        continue;
      }
      const bytes = this.#joined();
      const body = bytes.subarray(HEADER_BYTES, this.#needed);
      const rest = bytes.subarray(this.#needed);
      this.#chunks = rest.length > 0 ? [rest] : [];
      this.#buffered = rest.length;
      this.#needed = HEADER_BYTES;
      yield body;
    }
  }

  #checkedLength(): number {
    if ((this.#chunks[0] as Buffer).length < HEADER_BYTES) this.#joined();
    const length = (this.#chunks[0] as Buffer).readUInt32BE(0);
    if (length === 0 || length > this.#maxBytes) {
      throw new Fault(
        'PLUGIN_CONTRACT',
        `A frame of ${length} bytes was announced; 1 to ${this.#maxBytes} are allowed.`,
      );
    }
    return length;
  }

  #joined(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks, this.#buffered)];
    return this.#chunks[0] as Buffer;
  }
}
