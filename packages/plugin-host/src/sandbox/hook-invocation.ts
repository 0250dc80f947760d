import { setImmediate as nextTurn } from 'node:timers/promises';
import type {
  HookContext,
  Invocation,
  InvocationFigures,
  InvocationResult,
  InvokeOptions,
  PluginTarget,
} from '@drover/engine';
import { asFault, DEFAULT_HOOK_TIMEOUT_MS, Fault, type FaultRecord, toFaultRecord } from '@drover/model';
import {
  type Ask,
  type HookCall,
  type InvokeFrame,
  type LogLine,
  MAX_LOG_LINES,
  MAX_LOG_MESSAGE,
} from '@drover/plugin-sdk/wire';
import type { BodySource, Broker, GivenParams, HookBroker } from '../broker/broker.js';
import type { CallSlots } from '../broker/call-slots.js';
import { OutcomeSink } from './outcome-sink.js';
import type { PluginCache } from './plugin-cache.js';
import { type PluginPace, paceOf } from './plugin-pace.js';

/** Hooks whose vendor calls only read, as a refused write is told about them. */
const READING_HOOKS: Partial<Record<Invocation['hook'], string>> = {
  testConnection: 'a connection test',
  pull: 'a pull',
};

/**
 * Turns of the event loop that a page waits before it is kept: SQLite holds the thread up meanwhile, and the call for the next page,
 * which came with this one, leaves before.
 */
const TURNS_BEFORE_A_PAGE = 2;

/** What the calls of a hook are given after it was opened. */
interface Shared {
  slots: CallSlots | undefined;
}

export interface HookRequest {
  target: PluginTarget;
  context: HookContext;
  invocation: Invocation;
  options: InvokeOptions;
}

/**
 * The host's side of one running hook: answers what the plugin asks, keeps its log and figures, and lets nothing leave
 * that the redactor has not passed over. Knows nothing of processes and pipes.
 */
export class HookInvocation {
  readonly timeoutMs: number;
  readonly #request: HookRequest;
  readonly #broker: HookBroker;
  readonly #cache: PluginCache;
  readonly #stopped: AbortController;
  readonly #log: InvocationFigures['log'] = [];
  readonly #sink: OutcomeSink;
  readonly #shared: Shared;
  readonly #pages: AsyncIterator<unknown[]> | undefined;
  #hostWork = 0;

  static async open(
    request: HookRequest,
    { broker, cache }: { broker: Broker; cache: PluginCache },
  ): Promise<HookInvocation> {
    const stopped = new AbortController();
    const shared: Shared = { slots: undefined };
    const hookBroker = await broker.forHook(request.target, {
      mode: request.context.run.mode,
      readOnly: READING_HOOKS[request.invocation.hook],
      isTest: request.invocation.hook === 'testConnection',
      freshTokens: request.invocation.hook === 'testConnection',
      signal: stopped.signal,
      slots: () => shared.slots,
      beforeWrite: (write) => request.options.beforeWrite(write),
      beforeRead: () => request.options.beforeRead?.(),
    });
    return new HookInvocation(request, { broker: hookBroker, cache, stopped, shared });
  }

  private constructor(
    request: HookRequest,
    parts: { broker: HookBroker; cache: PluginCache; stopped: AbortController; shared: Shared },
  ) {
    const { invocation, options, target } = request;
    this.#request = request;
    this.#broker = parts.broker;
    this.#cache = parts.cache;
    this.#stopped = parts.stopped;
    this.#shared = parts.shared;
    this.timeoutMs = target.manifest.limits.timeoutMs ?? DEFAULT_HOOK_TIMEOUT_MS;
    this.#sink = new OutcomeSink({
      deliver: options.onOutcomes && ((outcomes) => options.onOutcomes!(this.#broker.redact(outcomes))),
      offered: invocation.hook === 'execute' ? invocation.objects.length : 0,
    });
    if (invocation.hook === 'executeAll') this.#pages = invocation.pages[Symbol.asyncIterator]();
  }

  get hook(): Invocation['hook'] {
    return this.#request.invocation.hook;
  }

  get plugin(): string {
    return this.#request.target.manifest.id;
  }

  get runId(): string {
    return this.#request.context.run.id;
  }

  /** How many objects of its run are in hand, and how many calls at the vendor. */
  get pace(): PluginPace {
    return paceOf(this.#request.target.manifest);
  }

  get mostInHand(): number {
    return this.pace.inHand;
  }

  /** Runs in a process of its own, which shares no slots with the others. */
  get isAlone(): boolean {
    return this.#request.options.ownProcess === true;
  }

  /** From now on, its calls share these with the other batches of the plugin. */
  share(slots: CallSlots | undefined): void {
    this.#shared.slots = slots;
  }

  /** Objects that the hook has not answered for. */
  get openObjects(): number {
    return this.#sink.open;
  }

  /** Aborts when the engine wants the hook to end. */
  get cancelled(): AbortSignal {
    return this.#request.options.signal;
  }

  /** Aborts when the hook is to begin nothing new. */
  get windsDown(): AbortSignal | undefined {
    return this.#request.options.windDown;
  }

  /** While true, the plugin waits for others (a rate limit, the store) and its clock stands still. */
  get isHeldUp(): boolean {
    return this.#broker.waitingCalls > 0 || this.#hostWork > 0;
  }

  frame(id: number): InvokeFrame {
    const { target, context } = this.#request;
    return {
      kind: 'invoke',
      id,
      plugin: this.plugin,
      call: this.#hookCall(),
      config: context.config,
      connection: target.connection.settings,
      run: context.run,
    };
  }

  #hookCall(): HookCall {
    const { invocation, options } = this.#request;
    switch (invocation.hook) {
      case 'execute':
        return {
          ...invocation,
          concurrency: this.mostInHand,
          stream: options.onOutcomes !== undefined,
        };
      case 'executeAll':
        return { hook: 'executeAll', prepared: invocation.prepared };
      default:
        return invocation;
    }
  }

  /** The value that answers a request of the plugin, `stream` being the body of a call that has one; rejects with a fault that the plugin is to see. */
  async serve(ask: Ask, stream?: BodySource): Promise<unknown> {
    switch (ask.what) {
      case 'call':
        return this.#broker.call(
          ask.name,
          { ...(ask.params as GivenParams | null), stream },
          { readOnly: ask.readOnly === true },
        );
      case 'cacheGet':
        return this.#cache.get(ask.key) ?? null;
      case 'cacheSet':
        return this.#cache.set(ask.key, this.#broker.redact(ask.value), { ttlMs: ask.ttlMs });
      case 'cacheDelete':
        return this.#cache.delete(ask.key);
      case 'page':
        return this.#asHostWork(() => this.#nextPage());
      case 'outcomes':
        return this.#asHostWork(() => this.#sink.take(ask.outcomes));
      case 'feedPage':
        return this.#asHostWork(() => this.#keepPage(ask.page));
    }
  }

  async #nextPage(): Promise<unknown[] | null> {
    if (!this.#pages) throw new Fault('PLUGIN_CONTRACT', `The hook ${this.hook} has no pages to ask for.`);
    const { value, done } = await this.#pages.next();
    if (done) return null;
    this.#sink.offer(value.length);
    return value;
  }

  async #keepPage(page: unknown): Promise<void> {
    const { invocation, options } = this.#request;
    if (invocation.hook !== 'pull' || !options.onPage || this.#hostWork > 1) {
      throw new Fault('PLUGIN_CONTRACT', `The hook ${this.hook} gave a page that nobody waits for.`);
    }
    for (let turn = 0; turn < TURNS_BEFORE_A_PAGE; turn += 1) await nextTurn();
    await options.onPage(this.#broker.redact(page));
  }

  async #asHostWork<Value>(work: () => Promise<Value>): Promise<Value> {
    this.#hostWork += 1;
    try {
      return await work();
    } finally {
      this.#hostWork -= 1;
    }
  }

  /** A fault as the plugin may see it. */
  toPlugin(thrown: unknown): FaultRecord {
    return this.#broker.redact(toFaultRecord(asFault(thrown)));
  }

  log(line: LogLine): void {
    if (this.#log.length >= MAX_LOG_LINES) return;
    const kept = { ...line, message: line.message.slice(0, MAX_LOG_MESSAGE) };
    this.#log.push(this.#broker.redact(kept));
  }

  redact<Value>(value: Value): Value {
    return this.#broker.redact(value);
  }

  /** Lets calls in flight end; nothing that the hook still does counts. */
  stop(fault: FaultRecord): void {
    this.#stopped.abort(new Fault(fault.code, fault.message));
  }

  succeed(value: unknown): InvocationResult {
    // Outcomes of `executeAll` that nobody takes as they come are its value.
    const result = this.hook === 'executeAll' ? this.#sink.kept : this.#broker.redact(value);
    return { ok: true, value: result, figures: this.#figures() };
  }

  fail(fault: FaultRecord): InvocationResult {
    return { ok: false, fault: this.#broker.redact(fault), figures: this.#figures() };
  }

  async close(): Promise<void> {
    await this.#pages?.return?.();
  }

  #figures(): InvocationFigures {
    const { vendorCalls, vendorWrites, waitedMs } = this.#broker.figures;
    return { vendorCalls, vendorWrites, waitedMs, log: this.#log };
  }
}

/** The result of a hook that never ran. */
export function refused(fault: FaultRecord): InvocationResult {
  return { ok: false, fault, figures: { vendorCalls: 0, vendorWrites: 0, waitedMs: 0, log: [] } };
}
