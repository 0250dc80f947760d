import { Fault, type FaultRecord, fromFaultRecord } from '@drover/model';
import type { StreamPiece } from '@drover/plugin-sdk/wire';
import type { BodySource } from '../broker/broker.js';

type Answer = { piece: StreamPiece | null; fault?: undefined } | { fault: FaultRecord };

/** The host's end of a body that a plugin streams: asks for one piece after the other, and holds one at a time. */
export class PulledBody implements BodySource {
  readonly #ask: (fromStart: boolean) => void;
  #open: PromiseWithResolvers<StreamPiece | null> | undefined;
  #ended: FaultRecord | undefined;

  constructor(ask: (fromStart: boolean) => void) {
    this.#ask = ask;
  }

  async *read(): AsyncGenerator<string | Buffer> {
    for (let fromStart = true; ; fromStart = false) {
      const piece = await this.#pull(fromStart);
      if (piece === null) return;
      yield 'text' in piece ? piece.text : Buffer.from(piece.base64, 'base64');
    }
  }

  /** A piece that came. Throws `PLUGIN_CONTRACT` when nobody asked for it. */
  take(answer: Answer): void {
    const open = this.#open;
    if (open === undefined) {
      throw new Fault('PLUGIN_CONTRACT', 'The plugin sent a piece of a body that was not asked for.');
    }
    this.#open = undefined;
    if (answer.fault) open.reject(fromFaultRecord(answer.fault));
    else open.resolve(answer.piece);
  }

  /** Nothing comes any more. */
  end(fault: FaultRecord): void {
    this.#ended ??= fault;
    this.#open?.reject(fromFaultRecord(this.#ended));
    this.#open = undefined;
  }

  async #pull(fromStart: boolean): Promise<StreamPiece | null> {
    // What a reading that was given up asked for comes first, and is for nobody.
    while (this.#open !== undefined) await this.#open.promise.catch(() => undefined);
    if (this.#ended) throw fromFaultRecord(this.#ended);
    const open = (this.#open = Promise.withResolvers());
    open.promise.catch(() => undefined);
    this.#ask(fromStart);
    return open.promise;
  }
}
