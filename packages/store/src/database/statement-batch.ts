import type { Duplex } from 'node:stream';
import type pg from 'pg';

type Client = Pick<pg.Client, 'getTypeParser'>;

export interface BatchStatement {
  text: string;
  values: readonly unknown[];
  /** Whether the connection is to keep it prepared. */
  isKept: boolean;
}

export interface BatchResult {
  /** What the server says that was done, such as `UPDATE 3`. */
  tag: string;
  rows: unknown[];
}

/** What is used of the driver's connection. */
interface Wire {
  readonly stream: Duplex;
  parse(statement: { name: string; text: string }): void;
  bind(portal: { statement: string; values: readonly unknown[]; valueMapper(value: unknown): unknown }): void;
  describe(portal: { type: 'P' }): void;
  execute(portal: object): void;
  sync(): void;
}

interface Field {
  name: string;
  dataTypeID: number;
}

/** How the rows of a statement are read. */
class RowReader {
  readonly #names: string[];
  readonly #parsers: ((text: string) => unknown)[];

  constructor(fields: readonly Field[], client: Client) {
    this.#names = fields.map(({ name }) => name);
    this.#parsers = fields.map(
      ({ dataTypeID }) => client.getTypeParser(dataTypeID, 'text') as (text: string) => unknown,
    );
  }

  read(values: readonly (string | null)[]): Record<string, unknown> {
    const row: Record<string, unknown> = {};
    for (let at = 0; at < values.length; at += 1) {
      const text = values[at]!;
      row[this.#names[at]!] = text === null ? null : this.#parsers[at]!(text);
    }
    return row;
  }
}

interface KeptStatement {
  name: string;
  reader: RowReader | undefined;
}

/** Statements kept prepared; those that come later are planned anew each time. */
const MAX_KEPT = 300;

/** The statements that batches have left prepared on one connection, by their text. */
export class KeptStatements {
  readonly #byText = new Map<string, KeptStatement>();
  #names = 0;

  find(text: string): KeptStatement | undefined {
    return this.#byText.get(text);
  }

  /** Never given before: a statement that failed may still be prepared under the name that it had. */
  newName(): string {
    this.#names += 1;
    return this.#byText.size < MAX_KEPT ? `drover_batch_${this.#names}` : '';
  }

  keep(text: string, statement: KeptStatement): void {
    if (statement.name !== '') this.#byText.set(text, statement);
  }
}

/**
 * Statements that leave in one write and are answered in one: a query as the driver's client takes it, with a single point of
 * synchronization at the end, before which the server stops at the first error.
 */
export class StatementBatch {
  readonly results: BatchResult[] = [];
  /** Told when all is done, or what went wrong. The driver knows it by this name. */
  readonly callback: (error?: unknown) => void;
  readonly #statements: readonly BatchStatement[];
  readonly #kept: KeptStatements;
  readonly #client: Client;
  /** Of the statements that are prepared now, by their place. */
  readonly #names = new Map<number, string>();
  #reader: RowReader | undefined;
  #rows: unknown[] = [];

  constructor(
    statements: readonly BatchStatement[],
    { client, kept, done }: { client: Client; kept: KeptStatements; done(error?: unknown): void },
  ) {
    this.#statements = statements;
    this.#client = client;
    this.#kept = kept;
    this.callback = done;
  }

  submit(wire: Wire): null {
    wire.stream.cork();
    try {
      for (const [at, statement] of this.#statements.entries()) this.#write(wire, at, statement);
      wire.sync();
    } finally {
      wire.stream.uncork();
    }
    return null;
  }

  #write(wire: Wire, at: number, { text, values, isKept }: BatchStatement): void {
    const kept = this.#kept.find(text);
    const name = kept?.name ?? (isKept ? this.#kept.newName() : '');
    if (kept === undefined) {
      this.#names.set(at, name);
      wire.parse({ name, text });
    }
    wire.bind({ statement: name, values, valueMapper: toWire });
    if (kept === undefined) wire.describe({ type: 'P' });
    wire.execute({});
  }

  handleRowDescription({ fields }: { fields: readonly Field[] }): void {
    this.#reader = new RowReader(fields, this.#client);
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    this.#reader ??= this.#kept.find(this.#current.text)?.reader;
    this.#rows.push(this.#reader!.read(fields));
  }

  handleCommandComplete({ text: tag }: { text: string }): void {
    const name = this.#names.get(this.results.length);
    if (name !== undefined) this.#kept.keep(this.#current.text, { name, reader: this.#reader });
    this.results.push({ tag, rows: this.#rows });
    this.#rows = [];
    this.#reader = undefined;
  }

  get #current(): BatchStatement {
    return this.#statements[this.results.length]!;
  }

  handleReadyForQuery(): void {
    this.callback();
  }

  handleError(error: unknown): void {
    this.callback(error);
  }
}

function toWire(value: unknown): string | Uint8Array | null {
  if (value === null || typeof value === 'string') return value;
  if (!(value instanceof Uint8Array)) return String(value);
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
