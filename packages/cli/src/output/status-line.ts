import type { CliStreams } from '../session.js';
import { shorten } from './safe-text.js';

const LIVE_INTERVAL_MS = 100;
const PLAIN_INTERVAL_MS = 5_000;
const DEFAULT_COLUMNS = 80;
const CLEAR_LINE = '\r\u001b[K';

/**
 * One line that says how far something is: rewritten in place on a terminal, printed as a new line every five seconds
 * elsewhere. With `quiet` it says nothing.
 */
export class StatusLine {
  #stream: CliStreams['stderr'];
  #live: boolean;
  #quiet: boolean;
  #last = '';
  #lastAt: number;
  #shown = false;

  constructor(stream: CliStreams['stderr'], { quiet }: { quiet: boolean }) {
    this.#stream = stream;
    this.#live = stream.isTTY === true;
    this.#quiet = quiet;
    this.#lastAt = this.#live ? 0 : Date.now();
  }

  /** Columns that a live line may fill; undefined where lines are printed plain. */
  get columns(): number | undefined {
    return this.#live ? this.#stream.columns || DEFAULT_COLUMNS : undefined;
  }

  /** Offers a new text; shown when enough time has passed since the one before. */
  update(text: string): void {
    const interval = this.#live ? LIVE_INTERVAL_MS : PLAIN_INTERVAL_MS;
    const now = Date.now();
    if (this.#quiet || text === this.#last || now - this.#lastAt < interval) return;
    this.#last = text;
    this.#lastAt = now;
    if (!this.#live) {
      this.#stream.write(`${text}\n`);
      return;
    }
    this.#shown = true;
    this.#stream.write(CLEAR_LINE + shorten(text, this.columns! - 1));
  }

  /** Prints a line that stays, above the status. */
  print(line: string): void {
    if (this.#quiet) return;
    this.clear();
    this.#stream.write(`${line}\n`);
  }

  /** Takes a live line off the screen. */
  clear(): void {
    if (this.#shown) this.#stream.write(CLEAR_LINE);
    this.#shown = false;
    this.#last = '';
  }
}
