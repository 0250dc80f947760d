import { type Answer, type FaultEntry, FAULTS, isFault, type PluginObject } from '@drover/model';
import type { PluginContext } from './context.js';
import { forObject } from './hook-context.js';
import type { HookSession } from './hook-session.js';
import { OutcomeStream } from './outcome-stream.js';
import { failed } from './outcomes.js';
import { faultOf } from './plugin-error.js';
import type { Slots } from './plugin-slots.js';
import type { HookCall } from './wire.js';

/** Faults that are about the hook and not about the object that met them first, beside those that stop the run. */
const HOOK_FAULTS: ReadonlySet<string> = new Set([
  'RATE_LIMITED',
  'VENDOR_DOWN',
  'LEASE_LOST',
  'CANCELLED',
  'CALL_NOT_DECLARED',
  'WRITE_NOT_ALLOWED',
  'PLUGIN_CONTRACT',
  'PLUGIN_TIMEOUT',
]);

function isOfHook(thrown: unknown): boolean {
  if (!isFault(thrown)) return false;
  return (
    HOOK_FAULTS.has(thrown.code) ||
    (FAULTS as Readonly<Record<string, FaultEntry>>)[thrown.code]?.stopsRun === true
  );
}

type ExecuteOne<Context> = (object: PluginObject, context: Context) => Promise<Answer>;

/**
 * Runs `executeOne` for each object in order, at most `concurrency` at a time in all batches of the plugin. A fault of the
 * whole hook, and the host that winds it down, stop it from taking further objects; those under way are waited for first, so that
 * what was sent is told.
 */
export async function executeEach<Context extends PluginContext>(
  executeOne: ExecuteOne<Context>,
  options: {
    call: Extract<HookCall, { hook: 'execute' }>;
    context: Context;
    session: HookSession;
    /** Of the plugin. */
    slots: Slots;
  },
): Promise<Answer[]> {
  const { call, context, session, slots } = options;
  const stream = call.stream ? new OutcomeStream(session) : undefined;
  const outcomes: Answer[] = [];
  const objects = call.objects.values();
  let stopped: { fault: unknown } | undefined;

  const takeObjects = async (): Promise<void> => {
    for (const object of objects) {
      if (stopped) return;
      try {
        session.throwIfWindingDown();
        const outcome = await outcomeOf(executeOne, { object, context, session });
        outcomes.push(outcome);
        stream?.add(outcome);
      } catch (fault) {
        stopped ??= { fault };
      }
    }
  };
  const worker = async (): Promise<void> => {
    await slots.take();
    await takeObjects();
    slots.giveBack();
  };
  const workers = Math.max(1, Math.min(call.concurrency, call.objects.length));
  await Promise.all(Array.from({ length: workers }, worker));
  await stream?.drained();
  if (stopped) throw stopped.fault;
  return outcomes;
}

async function outcomeOf<Context extends PluginContext>(
  executeOne: ExecuteOne<Context>,
  options: { object: PluginObject; context: Context; session: HookSession },
): Promise<Answer> {
  const { object, context, session } = options;
  try {
    return await executeOne(Object.freeze(object), forObject(context, object.id));
  } catch (thrown) {
    if (context.signal.aborted) throw thrown;
    if (isOfHook(thrown)) throw thrown;
    const { code, message, retryable } = faultOf(thrown, session);
    return failed(object, { code, message }, retryable ? { retryable } : {});
  }
}
