import { open, type FileHandle } from 'node:fs/promises';
import type { RejectedRow } from '../rows.js';

/** Refused rows that a report carries itself. */
export const MAX_REPORTED_ROWS = 1_000;

/**
 * Refused rows: the first 1000 in memory. As soon as there are more, all go to a file of JSON Lines, where the caller
 * names one; a file of that name is replaced.
 */
export class RejectedRows {
  readonly first: RejectedRow[] = [];
  #count = 0;
  readonly #path: string | undefined;
  #file: FileHandle | undefined;
  #unwritten: string[] = [];

  constructor(path: string | undefined) {
    this.#path = path;
  }

  get count(): number {
    return this.#count;
  }

  /** Path of the file, once there is one. */
  get file(): string | undefined {
    return this.#file === undefined ? undefined : this.#path;
  }

  add({ line, value, reason, code }: RejectedRow): void {
    const row = { line, value, reason, code };
    this.#count++;
    if (this.first.length < MAX_REPORTED_ROWS) this.first.push(row);
    else if (this.#path !== undefined) this.#unwritten.push(`${JSON.stringify(row)}\n`);
  }

  /** Writes what has come in since the last call. */
  async flush(): Promise<void> {
    if (this.#unwritten.length === 0) return;
    if (this.#file === undefined) {
      this.#file = await open(this.#path!, 'w');
      this.#unwritten.unshift(...this.first.map((row) => `${JSON.stringify(row)}\n`));
    }
    const text = this.#unwritten.join('');
    this.#unwritten = [];
    await this.#file.writeFile(text);
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }
}
