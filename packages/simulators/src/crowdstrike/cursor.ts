import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { Position } from './user-book.js';

interface Written {
  position: Position;
  /** Of the arguments that it goes on with. */
  query: string;
  /** Milliseconds since 1970. */
  issuedAtMs: number;
}

/** Cursors that nobody can read, that fit one query only, and that grow old. */
export class Cursors {
  readonly #lifeMs: number;
  readonly #now: () => Date;

  constructor(lifeMs: number, now: () => Date) {
    this.#lifeMs = lifeMs;
    this.#now = now;
  }

  write(position: Position, query: object): string {
    const written: Written = { position, query: digestOf(query), issuedAtMs: this.#now().getTime() };
    return Buffer.from(JSON.stringify(written)).toString('base64url');
  }

  /** The position, or what is wrong with the cursor. */
  read(cursor: string, query: object): Position | string {
    const written = parse(cursor);
    if (written === undefined) return 'The cursor is not valid';
    if (written.query !== digestOf(query)) return 'The cursor belongs to another query';
    const isOld = this.#now().getTime() - written.issuedAtMs > this.#lifeMs;
    return isOld ? 'The cursor has expired' : written.position;
  }
}

function digestOf(query: object): string {
  return createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, 22);
}

function parse(cursor: string): Written | undefined {
  try {
    const written = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as Partial<Written> | null;
    const isWhole = written?.position?.entityId !== undefined && written.issuedAtMs !== undefined;
    return isWhole ? (written as Written) : undefined;
  } catch {
    return undefined;
  }
}
