import { createHash } from 'node:crypto';
import { Fault } from '@drover/model';
import type { ResolverContext } from '../context.js';
import { deepFreeze } from '../deep-freeze.js';
import type { JsonValue } from '@drover/model';
import type { Resolver, Resolving } from '../resolvers.js';
import { LookupCache } from './lookup-cache.js';
import { type LookupHook, ResolverLine } from './resolver-line.js';

/** Most loads of one resolver under way. */
const CONCURRENT_LOADS = 4;
const PATIENCE_MS = 10_000;
const MAX_BATCH = 10_000;
const MAX_TTL_MS = 24 * 60 * 60 * 1000;
const MAX_KEY_LENGTH = 1_024;
const DEFAULT_LIMITS = { maxEntries: 50_000, maxSize: 16 * 1024 * 1024 };

/** A hook as look-ups are made on its behalf. */
export interface AskingHook extends LookupHook {
  plugin: string;
  definition: Resolving;
  context: ResolverContext;
}

/** The look-ups of all hooks of one process, with what they found. */
export class Lookups {
  readonly #lines = new Map<string, ResolverLine<AskingHook>>();
  readonly #cache: LookupCache;

  constructor({
    now = Date.now,
    ...limits
  }: { now?: () => number; maxEntries?: number; maxSize?: number } = {}) {
    this.#cache = new LookupCache({ ...DEFAULT_LIMITS, ...limits, now });
  }

  /** The values of keys, `null` for what the vendor does not have. Rejects with the fault of a load, or of the hook's end. */
  async resolve(
    hook: AskingHook,
    { kind, keys }: { kind: string; keys: readonly string[] },
  ): Promise<Map<string, JsonValue>> {
    const resolver = resolverOf(hook, kind);
    const asked = [...new Set(checkedKeys(kind, keys))];
    const { signal } = hook.context;
    signal.throwIfAborted();
    const scope = scopeOf(hook, kind);
    const line = this.#lineOf(scope, { kind, resolver });
    const values = Promise.all(
      asked.map((key) => {
        const kept = this.#cache.get(scope + key);
        return kept === undefined ? line.ask(key, hook) : kept;
      }),
    );
    try {
      const found = await untilAborted(values, signal);
      return new Map(asked.map((key, index) => [key, found[index]!]));
    } finally {
      if (line.isIdle) this.#lines.delete(scope);
    }
  }

  #lineOf(scope: string, { kind, resolver }: { kind: string; resolver: Resolver }): ResolverLine<AskingHook> {
    let line = this.#lines.get(scope);
    if (line === undefined) {
      line = new ResolverLine<AskingHook>({
        batch: resolver.batch,
        concurrency: CONCURRENT_LOADS,
        patienceMs: PATIENCE_MS,
        load: async (keys, hook) => {
          const found = answersOf(kind, keys, await resolver.load(Object.freeze([...keys]), hook.context));
          for (const [key, { value, size }] of found)
            this.#cache.set(scope + key, value, { size, ttlMs: resolver.ttlMs });
          return new Map([...found].map(([key, { value }]) => [key, value]));
        },
      });
      this.#lines.set(scope, line);
    }
    return line;
  }
}

/** Answers are shared by hooks that have the same plugin, config and connection: a load may read all of them. */
function scopeOf({ plugin, context }: AskingHook, kind: string): string {
  const place = JSON.stringify([plugin, kind, context.config, context.connection]);
  return `${createHash('sha256').update(place).digest('base64')} `;
}

function resolverOf({ plugin, definition }: AskingHook, kind: string): Resolver {
  const resolvers = definition.resolvers ?? {};
  const resolver = Object.hasOwn(resolvers, kind) ? resolvers[kind] : undefined;
  if (resolver === undefined) {
    const known = Object.keys(resolvers).join(', ') || 'none';
    throw breach(`The plugin ${plugin} has no resolver ${kind}; it has ${known}.`);
  }
  const { batch, ttlMs } = resolver;
  if (Number.isInteger(batch) && batch >= 1 && batch <= MAX_BATCH && ttlMs >= 0 && ttlMs <= MAX_TTL_MS) {
    return resolver;
  }
  throw breach(
    `The resolver ${kind} needs a batch of 1 to ${MAX_BATCH} keys and a ttlMs of 0 to ${MAX_TTL_MS}; it has ${batch} and ${ttlMs}.`,
  );
}

function checkedKeys(kind: string, keys: readonly string[]): readonly string[] {
  const isKey = (key: unknown) => typeof key === 'string' && key !== '' && key.length <= MAX_KEY_LENGTH;
  if (Array.isArray(keys) && keys.every(isKey)) return keys;
  throw breach(`resolve of ${kind} needs a list of keys: texts of 1 to ${MAX_KEY_LENGTH} characters.`);
}

/** Each key's answer as read-only JSON. Throws `PLUGIN_CONTRACT` when one is missing. */
function answersOf(
  kind: string,
  keys: readonly string[],
  answers: unknown,
): Map<string, { value: JsonValue; size: number }> {
  const given = (answers ?? {}) as Record<string, unknown>;
  const found = new Map<string, { value: JsonValue; size: number }>();
  for (const key of keys) {
    const text = Object.hasOwn(given, key) ? JSON.stringify(given[key]) : undefined;
    if (text === undefined) {
      const missing = `The resolver ${kind} gave no answer for ${key}; it has to give null for what the vendor does not have.`;
      throw breach(missing);
    }
    found.set(key, { value: deepFreeze(JSON.parse(text) as JsonValue), size: text.length });
  }
  return found;
}

function untilAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise, resolve, reject } = Promise.withResolvers<Value>();
  const onAbort = () => reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  return promise;
}

function breach(message: string): Fault {
  return new Fault('PLUGIN_CONTRACT', message);
}
