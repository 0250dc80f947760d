import { Fault, type PluginObject } from '@drover/model';
import type { PluginContext } from './context.js';
import type { AnyActionDefinition, WithPrepared } from './define-action.js';
import type { AnyFeedDefinition } from './define-feed.js';
import { deepFreeze } from './deep-freeze.js';
import { executeEach } from './execute-each.js';
import { createHookContext } from './hook-context.js';
import type { HookSession } from './hook-session.js';
import { runFeedHook } from './run-pull.js';
import { HOOK_NAMES, type HookCall, type HookName, type InvokeFrame } from './wire.js';

/** A plugin of any kind, as its bundle's code declares it. */
export type AnyDefinition = AnyActionDefinition | AnyFeedDefinition;

/** The hooks that a definition has, in the order in which they run. */
export function hooksOf(definition: AnyDefinition): HookName[] {
  const hooks: Partial<Record<HookName, unknown>> = definition;
  return HOOK_NAMES.filter((name) => typeof hooks[name] === 'function');
}

/** Runs one hook of a definition. An optional hook that is absent returns `undefined`. */
export async function runHook(
  definition: AnyDefinition,
  frame: InvokeFrame,
  session: HookSession,
): Promise<unknown> {
  return 'pull' in definition
    ? runFeedHook(definition, frame, session)
    : runActionHook(definition, frame, session);
}

async function runActionHook(
  definition: AnyActionDefinition,
  frame: InvokeFrame,
  session: HookSession,
): Promise<unknown> {
  const context = createHookContext(frame, session);
  const call = frame.call;
  switch (call.hook) {
    case 'testConnection':
      return definition.testConnection?.(context);
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
      });
    case 'executeAll':
      return runExecuteAll(definition, {
        context: withPrepared(definition, { context, prepared: call.prepared }),
        session,
      });
    case 'pull':
      throw new Fault('PLUGIN_CONTRACT', 'The manifest says kind feed, but the plugin has no pull.', {
        path: '/kind',
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

function runExecute(
  definition: AnyActionDefinition,
  call: Extract<HookCall, { hook: 'execute' }>,
  place: HookPlace,
): Promise<unknown> {
  if ('execute' in definition) {
    const { objects, index, isFirstOfPass } = call;
    return definition.execute(deepFreeze({ objects, index, isFirstOfPass }), place.context);
  }
  if ('executeOne' in definition) return executeEach(definition.executeOne, { ...place, call });
  throw new Fault(
    'PLUGIN_CONTRACT',
    'The plugin has executeAll only, but its manifest does not say `limits.scope: whole`.',
    { path: '/limits/scope' },
  );
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
