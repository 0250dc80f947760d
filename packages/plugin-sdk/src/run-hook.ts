import { type Answer, Fault, type PluginObject } from '@drover/model';
import type { PluginContext } from './context.js';
import type { AnyActionDefinition, WithPrepared } from './define-action.js';
import type { AnyCommandDefinition } from './define-command.js';
import type { AnyFeedDefinition } from './define-feed.js';
import { deepFreeze } from './deep-freeze.js';
import { executeEach } from './execute-each.js';
import { createHookContext } from './hook-context.js';
import type { HookSession } from './hook-session.js';
import type { Lookups } from './lookups/lookups.js';
import { failed } from './outcomes.js';
import type { AnyPluginDefinition } from './plugin-definition.js';
import { runPull } from './run-pull.js';
import type { PluginSlots } from './plugin-slots.js';
import { HOOK_NAMES, type HookCall, type HookName, type InvokeFrame } from './wire.js';

/** The hooks that a definition has, in the order in which they run. */
export function hooksOf(definition: AnyPluginDefinition): HookName[] {
  const hooks: Partial<Record<HookName, unknown>> = definition;
  return HOOK_NAMES.filter((name) => typeof hooks[name] === 'function');
}

/** Runs one hook of a definition. An optional hook that is absent returns `undefined`. */
export async function runHook(
  definition: AnyPluginDefinition,
  frame: InvokeFrame,
  { session, lookups, slots }: { session: HookSession; lookups: Lookups; slots: PluginSlots },
): Promise<unknown> {
  const { call } = frame;
  const context = createHookContext(frame, session, { definition, lookups });
  if (call.hook === 'testConnection') return definition.testConnection?.(checkContext(definition, context));
  if (call.hook === 'run') return runCommand(definition, call, context);
  if (call.hook === 'pull') {
    if (!('pull' in definition)) throw noHook('no feed', call.hook);
    return runPull(definition as AnyFeedDefinition, call, { context, session });
  }
  if ('run' in definition) throw noHook('a command', call.hook);
  if ('pull' in definition) throw noHook('a feed', call.hook);
  return runActionHook(definition, call, { context, session, slots });
}

/** Only an action's test is told a run, as its other hooks are. */
function checkContext(definition: AnyPluginDefinition, context: PluginContext): PluginContext {
  if (!('run' in definition || 'pull' in definition)) return context;
  const { run: _ofActions, ...withoutRun } = context;
  return Object.freeze(withoutRun) as PluginContext;
}

function runCommand(
  definition: AnyPluginDefinition,
  { hook, input }: Extract<HookCall, { hook: 'run' }>,
  { run: _unused, ...context }: PluginContext,
): Promise<unknown> {
  if (!('run' in definition)) throw noHook('no command', hook);
  return (definition as AnyCommandDefinition).run(
    deepFreeze(input) as Readonly<Record<string, unknown>>,
    Object.freeze(context),
  );
}

function noHook(kind: string, hook: HookName): Fault {
  return new Fault(
    'PLUGIN_CONTRACT',
    `The plugin's code is ${kind}, so it has no hook ${hook}; its manifest must say its kind.`,
    { path: '/kind' },
  );
}

async function runActionHook(
  definition: AnyActionDefinition,
  call: Exclude<HookCall, { hook: 'testConnection' | 'run' | 'pull' }>,
  { context, session, slots }: { context: PluginContext; session: HookSession; slots: PluginSlots },
): Promise<unknown> {
  switch (call.hook) {
    case 'prepare':
      return definition.prepare?.(context);
    case 'finish':
      if (call.stopped && !definition.finishAlways) return undefined;
      return definition.finish?.(
        { counts: call.counts, vendorWrites: call.vendorWrites },
        withPrepared(definition, { context, prepared: call.prepared }),
      );
    case 'execute':
      return runExecute(definition, call, {
        context: withPrepared(definition, { context, prepared: call.prepared }),
        session,
        slots,
      });
    case 'poll':
      if (!definition.poll) throw new Fault('PLUGIN_CONTRACT', NO_POLL);
      return definition.poll(
        deepFreeze(call.pending),
        withPrepared(definition, { context, prepared: call.prepared }),
      );
    case 'executeAll':
      return runExecuteAll(definition, {
        context: withPrepared(definition, { context, prepared: call.prepared }),
        session,
      });
  }
}

function withPrepared(
  definition: AnyActionDefinition,
  { context, prepared }: { context: PluginContext; prepared: unknown },
): WithPrepared<PluginContext, unknown> {
  return Object.freeze({ ...context, prepared: definition.prepare ? deepFreeze(prepared) : undefined });
}

interface HookPlace {
  context: WithPrepared<PluginContext, unknown>;
  session: HookSession;
}

async function runExecute(
  definition: AnyActionDefinition,
  call: Extract<HookCall, { hook: 'execute' }>,
  { slots, ...place }: HookPlace & { slots: PluginSlots },
): Promise<unknown> {
  if ('execute' in definition) {
    const { objects, index, isFirstOfPass } = call;
    const answers = await definition.execute(deepFreeze({ objects, index, isFirstOfPass }), place.context);
    return definition.poll || !Array.isArray(answers) ? answers : answers.map(withoutPending);
  }
  if ('executeOne' in definition) {
    const unpolled: typeof definition.executeOne = async (object, context) =>
      withoutPending(await definition.executeOne(object, context));
    const executeOne = definition.poll ? definition.executeOne : unpolled;
    return executeEach(executeOne, { ...place, call, slots: slots.of(definition, call.concurrency) });
  }
  throw new Fault(
    'PLUGIN_CONTRACT',
    'The plugin has executeAll only, but its manifest does not say `limits.scope: whole`.',
    { path: '/limits/scope' },
  );
}

const NO_POLL = 'The plugin answered pending for an object, but it has no poll hook.';

/** What nobody could poll is no answer. */
function withoutPending(answer: Answer): Answer {
  if (answer?.status !== 'pending') return answer;
  return failed({ id: answer.objectId }, { code: 'PLUGIN_CONTRACT', message: NO_POLL });
}

async function runExecuteAll(definition: AnyActionDefinition, place: HookPlace): Promise<void> {
  if (!('executeAll' in definition)) {
    throw new Fault(
      'PLUGIN_CONTRACT',
      'The manifest says `limits.scope: whole`, but the plugin has no executeAll.',
      { path: '/limits/scope' },
    );
  }
  for await (const outcomes of definition.executeAll(pagesOf(place.session), place.context)) {
    if (outcomes.length > 0) await place.session.ask({ what: 'outcomes', outcomes });
  }
}

async function* pagesOf(session: HookSession): AsyncGenerator<readonly PluginObject[]> {
  for (;;) {
    const page = await session.ask<readonly PluginObject[] | null>({ what: 'page' });
    if (page === null) return;
    yield deepFreeze(page);
  }
}
