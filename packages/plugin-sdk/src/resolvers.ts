import type { JsonValue } from '@drover/model';
import type { ResolverContext } from './context.js';

/** How one kind of thing is looked up at the vendor, many keys at a time. */
export interface Resolver<Config = Record<string, unknown>, Connection = Record<string, unknown>> {
  /** Most keys of one `load`, 1 to 10,000: what one call of the vendor takes. */
  batch: number;
  /** How long an answer is kept, hits and misses alike, in milliseconds: 0 (only for asks under way) to 86,400,000. */
  ttlMs: number;
  /**
   * Looks up keys that nobody has asked for yet: no key twice, at least one, at most `batch`. Answers for every one of
   * them; `null` is what the vendor does not have. An answer without one of the keys is `PLUGIN_CONTRACT`. A fault goes to
   * those asks alone that wait for one of these keys.
   *
   * It may be asked on behalf of several hooks; `context` is that of one of them. Only calls with effect `read` are let
   * through (`WRITE_NOT_ALLOWED`), also in a plan.
   */
  load(
    keys: readonly string[],
    context: ResolverContext<Config, Connection>,
  ): Promise<Record<string, JsonValue>>;
}

/** Resolvers by the kind that `context.resolve` asks for. */
export type Resolvers<Config = Record<string, unknown>, Connection = Record<string, unknown>> = Readonly<
  Record<string, Resolver<Config, Connection>>
>;

/** A definition of any kind, as far as look-ups go. */
export interface Resolving {
  // oxlint-disable-next-line typescript/no-explicit-any -- the parameters are contravariant: no other type takes every resolver
  resolvers?: Resolvers<any, any>;
}
