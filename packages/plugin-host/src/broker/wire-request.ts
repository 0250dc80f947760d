import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { VendorResponse } from './vendor-response.js';

export interface WireWatcher {
  /** The connection stands and nothing has left; throwing keeps all of it back. */
  beforeBytes(): void;
  /** No answer, or not all of it. */
  broken(error: unknown): void;
}

/**
 * One request as undici sees it, which leaves once at most. Undici takes a request up again when its connection goes
 * before it was written, or for a reason of undici's own; each time that it writes one it calls `onRequestStart` in the
 * same turn, right before the first byte and over a connection that stands, its TLS handshake done. What that throws keeps
 * the bytes back, and it throws from the second time on.
 */
export class WireRequest implements Dispatcher.DispatchHandler {
  readonly #watcher: WireWatcher;
  #controller: Dispatcher.DispatchController | undefined;
  #response: VendorResponse | undefined;
  #resolve: ((response: VendorResponse) => void) | undefined;
  #dropConnection: ((reason: Error) => void) | undefined;
  #isGivenUp = false;

  constructor(watcher: WireWatcher) {
    this.#watcher = watcher;
  }

  /** Rejects with what dispatching throws. Stays open where no answer comes: the watcher is told. */
  response(dispatch: () => void): Promise<VendorResponse> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      dispatch();
    });
  }

  /** A connection is being opened for it, and for nothing else until it stands. */
  opening(drop: ((reason: Error) => void) | undefined): void {
    this.#dropConnection = drop;
  }

  /** Nobody waits for it any more: it does not leave, or breaks off. */
  giveUp(): void {
    if (this.#isGivenUp) return;
    this.#isGivenUp = true;
    this.#response?.destroy();
    // Undici fails an assertion, with nobody to catch it, when it is told between the end of a socket and its word of that.
    setImmediate(() => this.#controller?.abort(goneWrong('given up')));
    this.#dropConnection?.(goneWrong('given up'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isGivenUp) throw goneWrong('given up');
    if (this.#controller !== undefined) throw goneWrong('sent already');
    this.#watcher.beforeBytes();
    this.#controller = controller;
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return;
    this.#response = new VendorResponse(controller, status, headers);
    this.#resolve?.(this.#response);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#response?.feed(chunk);
  }

  onResponseEnd(): void {
    this.#response?.finish();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#watcher.broken(error);
  }
}

function goneWrong(message: string): Error {
  return Object.assign(new Error(message), { code: 'ECONNRESET' });
}
