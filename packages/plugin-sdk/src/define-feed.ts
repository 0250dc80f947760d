import type { AttributeValue, JsonValue } from '@drover/model';
import type { PluginContext } from './context.js';
import type { CheckStep } from './define-action.js';
import type { Resolvers } from './resolvers.js';

/** The context of a connection test, which belongs to no run and no feed. */
export type CheckContext<Config = Record<string, unknown>, Connection = Record<string, unknown>> = Omit<
  PluginContext<Config, Connection>,
  'run'
>;

/** All that a feed's `pull` can reach: an action's context without its run. */
export interface FeedContext<
  Config = Record<string, unknown>,
  Connection = Record<string, unknown>,
> extends CheckContext<Config, Connection> {
  readonly feed: {
    /** `feed_…` */
    readonly id: string;
    /** The name that a person gave it. */
    readonly name: string;
  };
}

/** Where a pull starts. */
export interface PullRequest {
  /** Of the last page that was kept, in this pull or an earlier one; absent before the first page, and after `--restart`. */
  readonly checkpoint?: JsonValue;
  /** True until a pull of the feed has ended well, and again after `--restart`: the time for an initial range. */
  readonly isFirst: boolean;
  /** When the pull started, ISO 8601 in UTC; the same when a killed or parked pull goes on. */
  readonly startedAt: string;
}

/** An object as the vendor has it. */
export interface FeedObject {
  /** One of the manifest's `produces`, by its name or an alias. */
  type: string;
  subtype?: string;
  /** Normalised by the host. A value that does not fit its type is counted as rejected, with the reason. */
  value: string;
  /** Other values under which it is known, normalised as the value is. At most 50. */
  aliases?: string[];
  /** Only those that the manifest's `emits` declares; its mode says how each meets what is there. At most 100. */
  attributes?: { name: string; value: AttributeValue }[];
  status?: string;
  /**
   * When the vendor last changed the object, ISO 8601 with a zone, such as `2026-03-01T09:26:25.872Z`. A mirror settles by it
   * which of two changes is the later one; without it the time at which the page came counts.
   */
  changedAt?: string;
}

/** A part of what the vendor has. The page, its checkpoint and its counts are kept in one transaction. */
export interface FeedPage {
  /** At most `limits.batch.objects`; none is fine, such as for a page of which all was skipped. */
  objects: FeedObject[];
  /** Where to go on after this page. JSON of at most 64 KiB; never a secret. */
  checkpoint: JsonValue;
  /** What was read and is not offered, by reason: short sentences of a fixed wording, at most 20. */
  skipped?: { reason: string; count: number }[];
  /**
   * True on the page that ends a full pass over everything the vendor has. What no page since the last such page has held
   * counts as missed once, and is marked absent after as many misses as the feed is set to.
   */
  isComplete?: boolean;
}

/** A feed: objects of a vendor, page by page. */
export interface FeedDefinition<Config = Record<string, unknown>, Connection = Record<string, unknown>> {
  /**
   * Says step by step whether the connection serves this feed. Runs when a person asks, outside of any pull. Calls that
   * write are refused (`WRITE_NOT_ALLOWED`).
   */
  testConnection?(context: CheckContext<Config, Connection>): Promise<CheckStep[]>;
  /**
   * Yields the vendor's objects page by page, from the request's checkpoint on. The generator is asked for a page while
   * the one before it is being kept, never further ahead. It may end at any page and be run again from the checkpoint of
   * the last page that was kept: after a crash, a wait for a rate limit, or at the next interval. `limits.timeoutMs` counts
   * for each page anew. Only calls with effect `read` go out. A fault ends the pull; the pages before it stay.
   */
  pull(request: PullRequest, context: FeedContext<Config, Connection>): AsyncIterable<FeedPage>;
  /** Look-ups for `context.resolve`, by kind. */
  resolvers?: Resolvers<Config, Connection>;
}

/** What a definition is to the host: its hooks with their types erased. */
// oxlint-disable-next-line typescript/no-explicit-any -- the parameters are contravariant: no other type takes every definition
export type AnyFeedDefinition = FeedDefinition<any, any>;

/**
 * Declares a feed. Returns the definition as it is. `Config` and `Connection` are the shapes that the manifest's schemas
 * describe: the host has validated both, defaults filled in, before a hook sees them.
 */
export function defineFeed<Config = Record<string, unknown>, Connection = Record<string, unknown>>(
  definition: FeedDefinition<Config, Connection>,
): FeedDefinition<Config, Connection> {
  return definition;
}
