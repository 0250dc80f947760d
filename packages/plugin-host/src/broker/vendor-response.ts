import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';

/** An answer whose head has come. */
export interface VendorAnswer {
  status: number;
  headers: Readonly<Record<string, string>>;
  /** Unpacked. Its errors are those of unpacking; what goes wrong on the wire, the wire's watcher is told. */
  body: Readable;
}

type GivenHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Of these the first counts where a vendor sends several, as with Node's own client; the rest are lists. */
const ONE_VALUE: ReadonlySet<string> = new Set([
  'age',
  'content-length',
  'content-type',
  'etag',
  'expires',
  'last-modified',
  'location',
  'retry-after',
  'server',
]);

/** An answer as undici brings it, no faster than it is read; in the shape that got takes. */
export class VendorResponse extends Readable {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  /** Whether all of it has come. */
  complete = false;
  /** In got's type; got sets it. */
  declare readonly url: string;
  /** In got's type; of a stream it is not read. */
  declare readonly body: Buffer;
  readonly #controller: Dispatcher.DispatchController;

  constructor(controller: Dispatcher.DispatchController, statusCode: number, headers: GivenHeaders) {
    super();
    this.#controller = controller;
    this.statusCode = statusCode;
    this.headers = joined(headers);
  }

  override _read(): void {
    this.#controller.resume();
  }

  feed(chunk: Buffer): void {
    if (!this.push(chunk)) this.#controller.pause();
  }

  finish(): void {
    this.complete = true;
    this.push(null);
  }
}

function joined(given: GivenHeaders): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name in given) {
    const value = given[name];
    if (typeof value === 'string') headers[name] = value;
    else if (value !== undefined) headers[name] = ONE_VALUE.has(name) ? value[0]! : value.join(', ');
  }
  return headers;
}
