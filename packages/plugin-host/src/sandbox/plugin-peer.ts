import { setTimeout as sleep } from 'node:timers/promises';
import { type InvocationResult, stopsRun } from '@drover/engine';
import { Fault, type FaultRecord, isFault, toFaultRecord } from '@drover/model';
import {
  type Ask,
  type HostFrame,
  MAX_LOG_LINES,
  MAX_OPEN_ASKS,
  type PluginFrame,
} from '@drover/plugin-sdk/wire';
import { HookClock } from './hook-clock.js';
import type { HookInvocation } from './hook-invocation.js';
import { readPluginFrame } from './plugin-frame.js';
import { PluginLines } from './plugin-lines.js';
import { PulledBody } from './pulled-body.js';
import type { SandboxLimits } from './sandbox-limits.js';
import { StoppedRuns } from './stopped-runs.js';

/** The way to a plugin: a process's pipe, or a dispatcher in memory. */
export interface PluginLink {
  /**
   * Faults: `PLUGIN_CONTRACT` when the frame is too large.
   *
   * @param waits.mayWait it may leave some milliseconds later, with the next one. Default false.
   */
  send(frame: HostFrame, waits?: { mayWait?: boolean }): void;
  /** Ends the other side at once; the peer is told nothing more of it. */
  kill(): void;
}

interface RunningHook {
  readonly id: number;
  readonly invocation: HookInvocation;
  readonly asks: Set<Promise<void>>;
  /** The streamed bodies of calls, by ask; gone with the hook. */
  readonly bodies: Map<number, PulledBody>;
  logLines: number;
  /** False while it waits for its turn. */
  hasBegun: boolean;
  /** Why it was told to stop. */
  stopFault?: FaultRecord;
  grace?: NodeJS.Timeout;
  resolve(ended: Ended): void;
}

type PluginHooks = Extract<PluginFrame, { kind: 'hello' }>['plugins'];

type Ended = { value: unknown; fault?: undefined } | { fault: FaultRecord };

type PeerLimits = Pick<SandboxLimits, 'graceMs' | 'maxPreparedBytes'>;

/** Runs hooks over a link, many at a time. Trusts nothing that comes back: the first frame out of order ends the link. */
export class PluginPeer {
  readonly #link: PluginLink;
  readonly #limits: PeerLimits;
  readonly #running = new Map<number, RunningHook>();
  readonly #clock = new HookClock<RunningHook>({ onTimeout: (hook) => this.#timeOut(hook) });
  readonly #greeting = Promise.withResolvers<void>();
  readonly #lines: PluginLines;
  readonly #stopped = new StoppedRuns();
  #hooks: PluginHooks = {};
  #greeted = false;
  #lost: FaultRecord | undefined;
  #nextId = 1;

  /** `lines` are those of all processes of the bundle over the connection; default: this is the only one. */
  constructor(
    link: PluginLink,
    { limits, lines = new PluginLines() }: { limits: PeerLimits; lines?: PluginLines },
  ) {
    this.#link = link;
    this.#limits = limits;
    this.#lines = lines;
    this.#greeting.promise.catch(() => {});
  }

  /** Resolves when the plugin's code is loaded and speaks this protocol; rejects when it never will. */
  get ready(): Promise<void> {
    return this.#greeting.promise;
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** The hooks that run now. */
  get invocations(): HookInvocation[] {
    return [...this.#running.values()].map((hook) => hook.invocation);
  }

  /** Runs one hook to its end. Never rejects. */
  async run(invocation: HookInvocation): Promise<InvocationResult> {
    const onCancel = () => this.#cancel(hook);
    const onWindDown = () => this.#windDown(hook);
    const { hook, ended } = this.#enter(invocation);
    invocation.cancelled.addEventListener('abort', onCancel);
    invocation.windsDown?.addEventListener('abort', onWindDown);
    this.#start(hook);
    const end = await ended;
    invocation.cancelled.removeEventListener('abort', onCancel);
    invocation.windsDown?.removeEventListener('abort', onWindDown);
    clearTimeout(hook.grace);
    if (end.fault || hook.asks.size > 0) invocation.stop(end.fault ?? NOT_AWAITED);
    if (!end.fault && hook.asks.size > 0) invocation.log({ level: 'warn', message: NOT_AWAITED.message });
    if (hook.asks.size > 0) await this.#settled(hook);
    await invocation.close().catch(() => {});
    if (end.fault) return invocation.fail(end.fault);
    const isOneByOne = invocation.hook === 'prepare' && this.#takesOneByOne(invocation.plugin);
    return { ...invocation.succeed(end.value), ...(isOneByOne ? { oneByOne: true } : {}) };
  }

  /** What was sent must be known before the hook counts as over; the broker ends calls soon after their signal. */
  async #settled(hook: RunningHook): Promise<void> {
    const longEnough = sleep(this.#limits.graceMs, undefined, { ref: false });
    await Promise.race([Promise.allSettled(hook.asks), longEnough]);
  }

  #enter(invocation: HookInvocation): { hook: RunningHook; ended: Promise<Ended> } {
    const { promise, resolve } = Promise.withResolvers<Ended>();
    const hook: RunningHook = {
      id: this.#nextId++,
      invocation,
      asks: new Set(),
      bodies: new Map(),
      logLines: 0,
      hasBegun: false,
      resolve,
    };
    this.#running.set(hook.id, hook);
    return { hook, ended: promise };
  }

  #start(hook: RunningHook): void {
    if (this.#lost) return this.#end(hook, { fault: this.#lost });
    if (hook.invocation.cancelled.aborted) return this.#end(hook, { fault: CANCELLED });
    const stopped = hook.invocation.hook === 'execute' && this.#stopped.faultOf(hook.invocation.runId);
    if (stopped) return this.#end(hook, { fault: stopped });
    if (!this.#runsOneByOne(hook)) return this.#begin(hook);
    if (hook.invocation.windsDown?.aborted === true) return this.#end(hook, { fault: CANCELLED });
    const { plugin, pace } = hook.invocation;
    const { line, slots } = this.#lines.open(plugin, pace);
    hook.invocation.share(slots);
    line.join(hook.invocation, () => this.#begin(hook));
  }

  #runsOneByOne({ invocation }: RunningHook): boolean {
    return invocation.hook === 'execute' && this.#takesOneByOne(invocation.plugin);
  }

  #takesOneByOne(plugin: string): boolean {
    const hooks = this.#hooks[plugin];
    return Array.isArray(hooks) && hooks.includes('executeOne') && !hooks.includes('execute');
  }

  #begin(hook: RunningHook): void {
    hook.hasBegun = true;
    try {
      this.#link.send(hook.invocation.frame(hook.id));
      this.#clock.start(hook);
    } catch (thrown) {
      this.#end(hook, { fault: toFaultRecord(thrown as Fault) });
    }
  }

  #end(hook: RunningHook, ended: Ended): void {
    this.#running.delete(hook.id);
    this.#clock.stop(hook);
    for (const body of hook.bodies.values()) body.end(ended.fault ?? NOT_AWAITED);
    hook.resolve(ended);
    const { runId, plugin } = hook.invocation;
    if (ended.fault !== undefined && stopsRun(ended.fault.code)) this.#stopRun(runId, ended.fault);
    this.#lines.find(plugin)?.leave(hook.invocation);
  }

  /**
   * What ends one batch for the account's sake ends the next ones before they begin, those in line and those that were claimed
   * meanwhile: each would meet it ten times over.
   */
  #stopRun(runId: string, fault: FaultRecord): void {
    this.#stopped.add(runId, fault);
    for (const hook of this.#running.values()) {
      if (!hook.hasBegun && hook.invocation.runId === runId) this.#end(hook, { fault });
    }
  }

  /** The other side is gone: what runs ends with this fault, and nothing can be run any more. */
  lose(fault: FaultRecord, own?: { id: number; fault: FaultRecord }): void {
    if (this.#lost) return;
    this.#lost = fault;
    this.#greeting.reject(new Fault(fault.code, fault.message, fault));
    for (const hook of this.#running.values()) {
      this.#end(hook, { fault: hook.stopFault ?? (hook.id === own?.id ? own.fault : fault) });
    }
  }

  /** Takes one parsed message of the plugin; `bytes` is what it measured as JSON. */
  receive(message: unknown, bytes: number): void {
    if (this.#lost) return;
    try {
      this.#take(readPluginFrame(message), bytes);
    } catch (thrown) {
      this.breach(thrown, (message as { id?: unknown } | null)?.id);
    }
  }

  /**
   * Ends a link whose other side broke the rules. The hook that did it (all of them when none can be named) ends with
   * the breach; the others may be tried again.
   */
  breach(thrown: unknown, id?: unknown): void {
    const fault = toFaultRecord(isFault(thrown) ? thrown : new Fault('INTERNAL', String(thrown)));
    this.#link.kill();
    if (typeof id !== 'number' || !this.#running.has(id)) return this.lose(fault);
    this.lose(crashed('it broke the protocol in another hook and was ended'), { id, fault });
  }

  #take(frame: PluginFrame, bytes: number): void {
    if (frame.kind === 'hello') return this.#greet(frame.plugins);
    if (frame.kind === 'fatal') {
      this.#link.kill();
      return this.lose(crashed(`nobody caught ${frame.message}`));
    }
    const hook = this.#running.get(frame.id);
    if (!hook)
      throw new Fault('PLUGIN_CONTRACT', `The plugin spoke for a hook that does not run (${frame.kind}).`);
    switch (frame.kind) {
      case 'ask':
        return this.#serve(hook, frame);
      case 'log':
        return this.#log(hook, frame);
      case 'piece':
        return this.#takePiece(hook, frame);
      case 'fault':
        return this.#end(hook, { fault: hook.stopFault ?? frame.fault });
      case 'result':
        return this.#end(hook, this.#checkedResult(hook, { value: frame.value, bytes }));
    }
  }

  #greet(hooks: PluginHooks): void {
    if (this.#greeted) throw new Fault('PLUGIN_CONTRACT', 'The plugin process said hello twice.');
    this.#greeted = true;
    this.#hooks = hooks;
    this.#greeting.resolve();
  }

  #checkedResult(hook: RunningHook, result: { value: unknown; bytes: number }): Ended {
    // A hook that ends well although it was told to stop has done its work: its answer is the truth about it.
    const canKeep = hook.stopFault?.code === 'CANCELLED' || hook.stopFault?.code === 'PLUGIN_TIMEOUT';
    if (hook.stopFault && !canKeep) return { fault: hook.stopFault };
    const most = this.#limits.maxPreparedBytes;
    if (hook.invocation.hook !== 'prepare' || result.bytes <= most) return { value: result.value };
    const message = `prepare returned ${result.bytes} bytes of JSON; at most ${most} are kept with a run.`;
    return { fault: { code: 'PLUGIN_CONTRACT', message } };
  }

  #log(hook: RunningHook, line: Extract<PluginFrame, { kind: 'log' }>): void {
    hook.logLines += 1;
    if (hook.logLines > 2 * MAX_LOG_LINES) {
      throw new Fault('PLUGIN_CONTRACT', `The plugin sent over ${2 * MAX_LOG_LINES} log lines in one hook.`);
    }
    const { level, message, fields } = line;
    hook.invocation.log({ level, message, ...(fields ? { fields } : {}) });
  }

  #serve(hook: RunningHook, ask: { ask: number } & Ask): void {
    if (hook.asks.size >= MAX_OPEN_ASKS) {
      throw new Fault(
        'PLUGIN_CONTRACT',
        `The plugin has more than ${MAX_OPEN_ASKS} requests open in one hook.`,
      );
    }
    const served = this.#answer(hook, ask).finally(() => hook.asks.delete(served));
    hook.asks.add(served);
  }

  async #answer(hook: RunningHook, ask: { ask: number } & Ask): Promise<void> {
    const head = { kind: 'answer', id: hook.id, ask: ask.ask } as const;
    try {
      const value = await hook.invocation.serve(ask, this.#bodyOf(hook, ask));
      if (!this.#running.has(hook.id)) return;
      // A feed's time counts from page to page, or a pull would be bounded by what the vendor has.
      if (ask.what === 'feedPage' && !hook.stopFault) this.#clock.start(hook);
      // While something else is asked for, the plugin has only its next outcomes to hand over when it knows that these are taken.
      this.#link.send({ ...head, value }, { mayWait: ask.what === 'outcomes' && hook.asks.size > 1 });
      if (ask.what === 'outcomes') this.#lines.find(hook.invocation.plugin)?.look();
    } catch (thrown) {
      const fault = hook.invocation.toPlugin(thrown);
      // What the engine refuses to take or to give ends the hook, whatever the plugin makes of it.
      if (ENDING.has(ask.what)) this.#stop(hook, fault);
      if (this.#running.has(hook.id)) this.#link.send({ ...head, fault });
    }
  }

  #bodyOf(hook: RunningHook, ask: { ask: number } & Ask): PulledBody | undefined {
    if (ask.what !== 'call' || !ask.streams) return undefined;
    const head = { kind: 'read', id: hook.id, ask: ask.ask } as const;
    const body = new PulledBody((fromStart) => this.#link.send({ ...head, fromStart }));
    hook.bodies.set(ask.ask, body);
    return body;
  }

  /** A piece may come after its call has ended, but only where one was asked for. */
  #takePiece(hook: RunningHook, frame: Extract<PluginFrame, { kind: 'piece' }>): void {
    const body = hook.bodies.get(frame.ask);
    if (!body) throw new Fault('PLUGIN_CONTRACT', 'The plugin sent a piece of a body that no call streams.');
    body.take(frame);
  }

  #cancel(hook: RunningHook): void {
    this.#stop(hook, CANCELLED);
  }

  /** What takes its objects one by one takes no further one; what was handed over as a whole has all of it under way. */
  #windDown(hook: RunningHook): void {
    if (hook.stopFault || !this.#running.has(hook.id) || !this.#runsOneByOne(hook)) return;
    if (!hook.hasBegun) return this.#end(hook, { fault: CANCELLED });
    this.#link.send({ kind: 'windDown', id: hook.id, fault: CANCELLED });
  }

  #timeOut(hook: RunningHook): void {
    const { hook: name, plugin, timeoutMs } = hook.invocation;
    const message = `The hook ${name} of ${plugin} took longer than its ${timeoutMs} ms; lower the batch limit or raise limits.timeoutMs.`;
    this.#stop(hook, { code: 'PLUGIN_TIMEOUT', message, retryable: true });
  }

  #stop(hook: RunningHook, fault: FaultRecord): void {
    if (hook.stopFault || !this.#running.has(hook.id)) return;
    if (!hook.hasBegun) return this.#end(hook, { fault });
    hook.stopFault = fault;
    this.#clock.stop(hook);
    hook.invocation.stop(fault);
    this.#link.send({ kind: 'abort', id: hook.id, fault });
    hook.grace = setTimeout(() => this.#endObstinate(), this.#limits.graceMs);
  }

  #endObstinate(): void {
    this.#link.kill();
    this.lose(crashed('another hook in it did not stop when told to, so it was ended'));
  }
}

const ENDING: ReadonlySet<Ask['what']> = new Set(['outcomes', 'page', 'feedPage']);

/** The fault of hooks that were told to stop before they began. */
export const CANCELLED: FaultRecord = {
  code: 'CANCELLED',
  message: 'The run was cancelled while the hook ran.',
};

const NOT_AWAITED: FaultRecord = {
  code: 'PLUGIN_CONTRACT',
  message: 'The hook returned before its calls had ended; it has to await them.',
};

/** The fault of hooks whose process went away under them. */
export function crashed(why: string): FaultRecord {
  return { code: 'PLUGIN_CRASHED', message: `The plugin process ended: ${why}.`, retryable: true };
}
