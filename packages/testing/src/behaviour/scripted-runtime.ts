import type {
  HookContext,
  Invocation,
  InvocationFigures,
  InvocationResult,
  InvokeOptions,
  OutgoingWrite,
  PluginRuntime,
  PluginTarget,
  WriteResult,
} from '@drover/engine';
import {
  Fault,
  type FaultRecord,
  type PendingObject,
  type PluginObject,
  asFault,
  toFaultRecord,
} from '@drover/model';

/** A write as a script makes it. */
export interface ScriptedWrite {
  /** Name of a declared call. */
  call?: string;
  body?: unknown;
  covers?: string[];
}

/** What a script is told of its call. */
export interface ScriptCall {
  context: HookContext;
  options: InvokeOptions;
  figures: InvocationFigures;
  /** Counts a vendor write, after asking whether it may leave. Default: the first declared write, without a body. */
  write(request?: ScriptedWrite): Promise<void>;
}

/** What a script's `executeOne` is told, with its one call that must not be repeated. */
export interface OnceCall extends ScriptCall {
  /**
   * Makes the call as the broker would: asks before it leaves, lets `vendor` answer it, and tells what came of it. Resolves
   * to an answer below 300, a replayed one included; faults else.
   */
  send(vendor: () => Promise<WriteResult>): Promise<{ status: number; body: unknown }>;
}

/** A plugin's behaviour for engine tests, free to break the contract. What is left out does nothing. */
export interface Script {
  prepare?(call: ScriptCall): unknown;
  execute?(
    objects: PluginObject[],
    call: ScriptCall & { index: number; isFirstOfPass: boolean; prepared: unknown },
  ): unknown;
  /** Runs object by object as the SDK does: outcomes go to the engine as they come. */
  executeOne?(object: PluginObject, call: OnceCall): Promise<unknown>;
  /** A command's. */
  run?(input: unknown, call: ScriptCall): unknown;
  executeAll?(pages: AsyncIterable<PluginObject[]>, call: ScriptCall): unknown;
  /** Gives pages to the engine one after the other, each when the one before it is kept. */
  pull?(call: ScriptCall & { invocation: Extract<Invocation, { hook: 'pull' }> }): AsyncIterable<unknown>;
  /** A script without one is a plugin without one. */
  poll?(pending: PendingObject[], call: ScriptCall): unknown;
  finish?(call: ScriptCall & { invocation: Extract<Invocation, { hook: 'finish' }> }): unknown;
}

/** A plugin runtime that runs a script in this process: no sandbox, no broker, and answers that no SDK would let through. */
export class ScriptedRuntime implements PluginRuntime {
  script: Script;
  /** Every invocation so far, in the order of their beginning. */
  readonly invocations: { hook: Invocation['hook']; runId: string; objects?: number }[] = [];

  constructor(script: Script) {
    this.script = script;
  }

  async invoke(
    target: PluginTarget,
    context: HookContext,
    invocation: Invocation,
    options: InvokeOptions,
  ): Promise<InvocationResult> {
    this.invocations.push({
      hook: invocation.hook,
      runId: context.run.id,
      ...(invocation.hook === 'execute' ? { objects: invocation.objects.length } : {}),
      ...(invocation.hook === 'poll' ? { objects: invocation.pending.length } : {}),
    });
    const figures: InvocationFigures = { vendorCalls: 0, vendorWrites: 0, waitedMs: 0, log: [] };
    const call: ScriptCall = {
      context,
      options,
      figures,
      async write(request = {}) {
        await options.beforeWrite(writeOf(target, request));
        figures.vendorCalls += 1;
        figures.vendorWrites += 1;
      },
    };
    try {
      const value = await this.#run(invocation, { target, call });
      const isOneByOne = invocation.hook === 'prepare' && this.script.executeOne !== undefined;
      return {
        ok: true,
        ...(isOneByOne ? { oneByOne: true } : {}),
        value: value === undefined ? undefined : JSON.parse(JSON.stringify(value)),
        figures,
      };
    } catch (thrown) {
      const fault: FaultRecord = toFaultRecord(asFault(thrown));
      return { ok: false, fault, figures };
    }
  }

  async #run(
    invocation: Invocation,
    { target, call }: { target: PluginTarget; call: ScriptCall },
  ): Promise<unknown> {
    switch (invocation.hook) {
      case 'testConnection':
        return [];
      case 'run':
        return this.script.run?.(invocation.input, call);
      case 'prepare':
        return this.script.prepare?.(call);
      case 'execute': {
        const { objects, index, isFirstOfPass, prepared } = invocation;
        if (this.script.executeOne !== undefined) return this.#runEach(objects, { target, call });
        return this.script.execute?.(objects, { ...call, index, isFirstOfPass, prepared });
      }
      case 'executeAll':
        return this.script.executeAll?.(invocation.pages, call);
      case 'poll':
        if (this.script.poll === undefined)
          throw new Fault('PLUGIN_CONTRACT', 'The plugin has no poll hook.');
        return this.script.poll(invocation.pending, call);
      case 'finish':
        return this.script.finish?.({ ...call, invocation });
      case 'pull':
        for await (const page of this.script.pull?.({ ...call, invocation }) ?? []) {
          await call.options.onPage?.(page);
        }
        return undefined;
    }
  }

  async #runEach(
    objects: readonly PluginObject[],
    { target, call }: { target: PluginTarget; call: ScriptCall },
  ): Promise<unknown[]> {
    const outcomes: unknown[] = [];
    const queue = objects.values();
    const worker = async (): Promise<void> => {
      for (const object of queue) {
        const send = (vendor: () => Promise<WriteResult>) => sendOnce(target, { call, object, vendor });
        const outcome = await this.script.executeOne!(object, { ...call, send });
        outcomes.push(outcome);
        await call.options.onOutcomes?.([outcome]);
      }
    };
    const workers = Array.from({ length: target.manifest.limits.concurrency ?? 1 }, worker);
    const ended = await Promise.allSettled(workers);
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
    return outcomes;
  }

  async close(): Promise<void> {}
}

async function sendOnce(
  { manifest }: PluginTarget,
  { call, object, vendor }: { call: ScriptCall; object: PluginObject; vendor: () => Promise<WriteResult> },
): Promise<{ status: number; body: unknown }> {
  const { options, figures } = call;
  const spec = manifest.calls.find(({ delivery }) => delivery === 'once')!;
  const describe = () => ({ method: spec.method, path: spec.path });
  const verdict = await options.beforeWrite({ call: spec, covers: [object.id], describe });
  const result: WriteResult =
    verdict.do === 'replay' ? { kind: 'answered', reply: verdict.reply } : await vendor();
  if (verdict.do === 'send') {
    figures.vendorCalls += 1;
    if (result.kind !== 'notSent') figures.vendorWrites += 1;
    await verdict.settled?.(result);
  }
  if (result.kind === 'notSent') throw new Fault('VENDOR_UNREACHABLE', result.reason, { retryable: false });
  if (result.kind === 'noAnswer') throw new Fault('VENDOR_NO_ANSWER', result.reason);
  const { status, body } = result.reply;
  if (status >= 500) throw new Fault('VENDOR_NO_ANSWER', `It answered ${status}.`);
  if (status >= 300) throw new Fault('VENDOR_REFUSED', `It answered ${status}.`);
  return { status, body };
}

/** A write as the broker would announce it. */
function writeOf({ manifest }: PluginTarget, { call: name, body, covers }: ScriptedWrite): OutgoingWrite {
  const call = manifest.calls.find((one) =>
    name === undefined ? one.effect !== 'read' : one.name === name,
  )!;
  return {
    call,
    ...(covers === undefined ? {} : { covers }),
    describe: () => ({
      method: call.method,
      path: call.path,
      ...(body === undefined ? {} : { body: { contentType: 'application/json', value: body } }),
    }),
  };
}
