import type { CallParams, CallReply, PluginContext, PluginLog } from './context.js';
import { deepFreeze } from './deep-freeze.js';
import type { HookSession } from './hook-session.js';
import type { InvokeFrame, LogLevel } from './wire.js';

/** The context of one hook: everything in it goes through the session. */
export function createHookContext(frame: InvokeFrame, session: HookSession): PluginContext {
  return Object.freeze({
    config: deepFreeze(frame.config),
    connection: deepFreeze(frame.connection),
    run: deepFreeze(frame.run),
    signal: session.signal,
    log: createLog(session),
    cache: Object.freeze({
      get: async <Value>(key: string) =>
        (await session.ask<Value | null>({ what: 'cacheGet', key })) ?? undefined,
      set: (key: string, value: unknown, options: { ttlMs: number }) =>
        session.ask<void>({ what: 'cacheSet', key, value, ttlMs: options.ttlMs }),
      delete: (key: string) => session.ask<void>({ what: 'cacheDelete', key }),
    }),
    call: <Body>(name: string, params: CallParams = {}) => startCall<Body>(session, { name, params }),
  });
}

function startCall<Body>(
  session: HookSession,
  { name, params: { stream, ...params } }: { name: string; params: CallParams },
): Promise<CallReply<Body>> {
  if (stream === undefined) return session.ask({ what: 'call', name, params });
  return session.ask({ what: 'call', name, params, streams: true }, stream);
}

function createLog(session: HookSession): PluginLog {
  const at = (level: LogLevel) => (message: string, fields?: Record<string, unknown>) =>
    session.log({ level, message, ...(fields === undefined ? {} : { fields }) });
  return Object.freeze({ debug: at('debug'), info: at('info'), warn: at('warn') });
}

/** The same context for one object: a call that does not say what it covers covers that object. */
export function forObject<Context extends PluginContext>(context: Context, objectId: string): Context {
  const covers = [objectId];
  return Object.freeze({
    ...context,
    call: <Body>(name: string, params: CallParams = {}) => context.call<Body>(name, { covers, ...params }),
  });
}
