import type { PluginContext } from './context.js';
import type { AnyFeedDefinition, FeedContext } from './define-feed.js';
import { deepFreeze } from './deep-freeze.js';
import type { HookSession } from './hook-session.js';
import type { HookCall } from './wire.js';

/** Runs a feed's pull: its pages go to the host one by one. */
export async function runPull(
  definition: AnyFeedDefinition,
  { request, feed }: Extract<HookCall, { hook: 'pull' }>,
  { context: { run: _ofActions, ...context }, session }: { context: PluginContext; session: HookSession },
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
