export interface Line {
  /** From 1. */
  number: number;
  /** Without its line break. Only the start of it when `isCut`. */
  text: string;
  /** Longer than the limit. */
  isCut: boolean;
}

/** Characters of a line, or of a CSV row over several lines, beyond which it is refused. */
export const MAX_LINE_LENGTH = 64 * 1024;

/** Cuts text that comes in chunks into lines at `\n` or `\r\n`. Holds no more of a line than the limit. */
export class LineSplitter {
  #pending = '';
  #isCut = false;
  #number = 1;

  /** The lines that the chunk completes. */
  push(chunk: string): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
      this.#hold(chunk.slice(start, end));
      lines.push(this.#take());
      start = end + 1;
    }
    if (start < chunk.length) this.#hold(chunk.slice(start));
    return lines;
  }

  /** The last line, when no line break follows it. */
  end(): Line[] {
    return this.#pending === '' && !this.#isCut ? [] : [this.#take()];
  }

  #hold(text: string): void {
    if (this.#isCut) return;
    const held = this.#pending === '' ? text : this.#pending + text;
    this.#isCut = held.length > MAX_LINE_LENGTH;
    this.#pending = this.#isCut ? held.slice(0, MAX_LINE_LENGTH) : held;
  }

  #take(): Line {
    const text = this.#pending.endsWith('\r') ? this.#pending.slice(0, -1) : this.#pending;
    const line = { number: this.#number, text, isCut: this.#isCut };
    this.#pending = '';
    this.#isCut = false;
    this.#number++;
    return line;
  }
}

/** The lines of a text in pages, one a chunk. */
export async function* splitLines(text: AsyncIterable<string>): AsyncGenerator<Line[]> {
  const splitter = new LineSplitter();
  for await (const chunk of text) {
    const lines = splitter.push(chunk);
    if (lines.length > 0) yield lines;
  }
  const last = splitter.end();
  if (last.length > 0) yield last;
}
