import type {
  HookContext,
  Invocation,
  InvocationFigures,
  InvocationResult,
  InvokeOptions,
  OutgoingWrite,
  PluginRuntime,
  PluginTarget,
} from '@drover/engine';
import { type FaultRecord, type PluginObject, asFault, toFaultRecord } from '@drover/model';

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

/** A plugin's behaviour for engine tests, free to break the contract. What is left out does nothing. */
export interface Script {
  prepare?(call: ScriptCall): unknown;
  execute?(
    objects: PluginObject[],
    call: ScriptCall & { index: number; isFirstOfPass: boolean; prepared: unknown },
  ): unknown;
  executeAll?(pages: AsyncIterable<PluginObject[]>, call: ScriptCall): unknown;
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
      const value = await this.#run(invocation, call);
      return {
        ok: true,
        value: value === undefined ? undefined : JSON.parse(JSON.stringify(value)),
        figures,
      };
    } catch (thrown) {
      const fault: FaultRecord = toFaultRecord(asFault(thrown));
      return { ok: false, fault, figures };
    }
  }

  async #run(invocation: Invocation, call: ScriptCall): Promise<unknown> {
    switch (invocation.hook) {
      case 'testConnection':
        return [];
      case 'prepare':
        return this.script.prepare?.(call);
      case 'execute': {
        const { objects, index, isFirstOfPass, prepared } = invocation;
        return this.script.execute?.(objects, { ...call, index, isFirstOfPass, prepared });
      }
      case 'executeAll':
        return this.script.executeAll?.(invocation.pages, call);
      case 'finish':
        return this.script.finish?.({ ...call, invocation });
    }
  }

  async close(): Promise<void> {}
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
