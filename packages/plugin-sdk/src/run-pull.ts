import { Fault } from '@drover/model';
import type { CheckContext, FeedContext } from './define-feed.js';
import type { AnyFeedDefinition } from './define-feed.js';
import { deepFreeze } from './deep-freeze.js';
import { createHookContext } from './hook-context.js';
import type { HookSession } from './hook-session.js';
import type { HookCall, InvokeFrame } from './wire.js';

/** Runs one hook of a feed. */
export async function runFeedHook(
  definition: AnyFeedDefinition,
  frame: InvokeFrame,
  session: HookSession,
): Promise<unknown> {
  const { run: _ofActions, ...context } = createHookContext(frame, session);
  const { call } = frame;
  switch (call.hook) {
    case 'testConnection':
      return definition.testConnection?.(Object.freeze(context));
    case 'pull':
      return runPull(definition, call, { context, session });
    default:
      throw new Fault('PLUGIN_CONTRACT', `The plugin is a feed and has no hook ${call.hook}.`, {
        path: '/kind',
      });
  }
}

async function runPull(
  definition: AnyFeedDefinition,
  { request, feed }: Extract<HookCall, { hook: 'pull' }>,
  { context, session }: { context: CheckContext; session: HookSession },
): Promise<void> {
  const feedContext: FeedContext = Object.freeze({ ...context, feed: deepFreeze(feed) });
  let kept: Promise<void> = Promise.resolve();
  try {
    for await (const page of definition.pull(deepFreeze(request), feedContext)) {
      // The page before is being kept while this one was made; no third one is made before that is done.
      await kept;
      kept = session.ask<void>({ what: 'feedPage', page });
    }
  } finally {
    // A generator that fails has told its earlier pages: they count, or the host's reason why not does.
    await kept;
  }
}
