import { Fault, type FaultRecord, fromFaultRecord, toFaultRecord } from '@drover/model';
import { faultOf } from './plugin-error.js';
import type { StreamSource } from './stream-chunks.js';
import { ServedStream } from './stream-source.js';
import { type Ask, type LogLine, MAX_LOG_LINES, MAX_LOG_MESSAGE, MAX_OPEN_ASKS } from './wire.js';
import type { PluginFrame } from './wire.js';

export type SendFrame = (frame: PluginFrame) => void;

interface OpenAsk {
  resolve(value: unknown): void;
  reject(fault: Fault): void;
  /** The body of a call that streams it. */
  stream: ServedStream | undefined;
}

/** The plugin's end of one running hook: what it asks of the host, what it logs, and whether it has to stop. */
export class HookSession {
  readonly #id: number;
  readonly #send: SendFrame;
  readonly #abort = new AbortController();
  readonly #open = new Map<number, OpenAsk>();
  readonly #waiting: (() => void)[] = [];
  #nextAsk = 1;
  #logLines = 0;
  #ended = false;
  #windsDown: Fault | undefined;

  constructor(options: { id: number; send: SendFrame }) {
    this.#id = options.id;
    this.#send = options.send;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Whether the hook has ended or was told to stop. */
  get isOver(): boolean {
    return this.#ended || this.signal.aborted;
  }

  /** Asks the host and waits for its answer. Only outcomes are taken after an abort: what was done must be told. */
  ask<Value>(ask: Ask, source?: StreamSource): Promise<Value> {
    const answer = this.#ask(ask, source) as Promise<Value>;
    // A call that nobody awaits must not end the process, and other hooks with it.
    answer.catch(() => undefined);
    return answer;
  }

  async #ask(ask: Ask, source: StreamSource | undefined): Promise<unknown> {
    const stream = source === undefined ? undefined : new ServedStream(source);
    while (this.#open.size >= MAX_OPEN_ASKS && !this.#ended) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#refuseIfOver(ask);
    const number = this.#nextAsk++;
    const answer = new Promise<unknown>((resolve, reject) =>
      this.#open.set(number, { resolve, reject, stream }),
    );
    try {
      this.#send({ kind: 'ask', id: this.#id, ask: number, ...ask });
    } catch (thrown) {
      this.#settle(number)?.reject(thrown as Fault);
    }
    return answer;
  }

  #refuseIfOver(ask: Ask): void {
    if (this.#ended) {
      const message = `The hook has ended, so ${ask.what} came too late; await every call before returning.`;
      throw new Fault('PLUGIN_CONTRACT', message);
    }
    if (ask.what !== 'outcomes') this.signal.throwIfAborted();
  }

  answer(answer: { ask: number; value?: unknown; fault?: FaultRecord }): void {
    const open = this.#settle(answer.ask);
    if (answer.fault) open?.reject(fromFaultRecord(answer.fault));
    else open?.resolve(answer.value);
  }

  /** Sends the next piece of the body that a call streams, unless the call is over by then. */
  async read({ ask, fromStart }: { ask: number; fromStart: boolean }): Promise<void> {
    const stream = this.#open.get(ask)?.stream;
    if (stream === undefined) return;
    const head = { kind: 'piece', id: this.#id, ask } as const;
    const frame: PluginFrame = await stream.read(fromStart).then(
      (piece) => ({ ...head, piece }),
      (thrown: unknown) => ({ ...head, fault: toFaultRecord(faultOf(thrown, this)) }),
    );
    if (this.#open.has(ask)) this.#send(frame);
  }

  #settle(number: number): OpenAsk | undefined {
    const open = this.#open.get(number);
    this.#open.delete(number);
    this.#waiting.shift()?.();
    return open;
  }

  log(line: LogLine): void {
    if (this.#ended || this.#logLines >= MAX_LOG_LINES) return;
    this.#logLines += 1;
    const message = String(line.message).slice(0, MAX_LOG_MESSAGE);
    try {
      this.#send({ kind: 'log', id: this.#id, ...line, message });
    } catch {
      // Fields that are no JSON cost the fields, never the hook.
      this.#send({ kind: 'log', id: this.#id, level: line.level, message });
    }
  }

  /** Nothing new is to begin; what is under way goes on, with all that it asks for. */
  windDown(fault: FaultRecord): void {
    this.#windsDown = fromFaultRecord(fault);
  }

  /** Asked before each object of a batch that takes them one by one. */
  throwIfWindingDown(): void {
    this.signal.throwIfAborted();
    if (this.#windsDown !== undefined) throw this.#windsDown;
  }

  abort(fault: FaultRecord): void {
    this.#abort.abort(fromFaultRecord(fault));
  }

  /** Nothing leaves after this; what still waits is refused. */
  end(): void {
    this.#ended = true;
    const late = new Fault('PLUGIN_CONTRACT', 'The hook ended before this call; await every call.');
    for (const number of this.#open.keys()) {
      const open = this.#open.get(number);
      this.#open.delete(number);
      open?.reject(late);
    }
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
