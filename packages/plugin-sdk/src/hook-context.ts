import type { CallParams, CallReply, PluginContext, PluginLog, ResolverContext } from './context.js';
import { deepFreeze } from './deep-freeze.js';
import type { HookSession } from './hook-session.js';
import type { Lookups } from './lookups/lookups.js';
import type { JsonValue } from '@drover/model';
import type { Resolving } from './resolvers.js';
import type { InvokeFrame, LogLevel } from './wire.js';

/** The context of one hook: everything in it goes through the session. */
export function createHookContext(
  frame: InvokeFrame,
  session: HookSession,
  { definition, lookups }: { definition: Resolving; lookups: Lookups },
): PluginContext {
  const reading = createReadingContext(frame, session);
  const asking = {
    plugin: frame.plugin,
    definition,
    context: reading,
    get isOver() {
      return session.isOver;
    },
  };
  return Object.freeze({
    ...reading,
    run: deepFreeze(frame.run),
    call: <Body>(name: string, params: CallParams = {}) => startCall<Body>(session, { name, params }),
    resolve: <Value extends JsonValue>(kind: string, keys: readonly string[]) => {
      const found = lookups.resolve(asking, { kind, keys });
      // One that nobody awaits must not end the process, and other hooks with it.
      found.catch(() => undefined);
      return found as Promise<Map<string, Value | null>>;
    },
  });
}

/** What a hook's look-ups get: calls that write are refused. */
function createReadingContext(frame: InvokeFrame, session: HookSession): ResolverContext {
  return Object.freeze({
    config: deepFreeze(frame.config),
    connection: deepFreeze(frame.connection),
    signal: session.signal,
    log: createLog(session),
    cache: Object.freeze({
      get: async <Value>(key: string) =>
        (await session.ask<Value | null>({ what: 'cacheGet', key })) ?? undefined,
      set: (key: string, value: unknown, options: { ttlMs: number }) =>
        session.ask<void>({ what: 'cacheSet', key, value, ttlMs: options.ttlMs }),
      delete: (key: string) => session.ask<void>({ what: 'cacheDelete', key }),
    }),
    call: <Body>(name: string, params: CallParams = {}) =>
      startCall<Body>(session, { name, params, readOnly: true }),
  });
}

interface CallStart {
  name: string;
  params: CallParams;
  readOnly?: true;
}

function startCall<Body>(
  session: HookSession,
  { params: { stream, ...params }, ...call }: CallStart,
): Promise<CallReply<Body>> {
  const streams = stream === undefined ? {} : ({ streams: true } as const);
  return session.ask({ what: 'call', ...call, params, ...streams }, stream);
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
