import type { Answer, Outcome, OutcomeCounts, PendingObject, PluginObject } from '@drover/model';
import type { Batch, PluginContext } from './context.js';
import type { Resolvers } from './resolvers.js';

/** One step of a connection test, in the order in which a person reads them. */
export interface CheckStep {
  /** What was tried, such as "read the URL lists". */
  step: string;
  ok: boolean;
  /** What was found, or what to do. One sentence. */
  detail?: string;
}

/** The context of hooks that run after `prepare`, with what it returned. */
export type WithPrepared<Context, Prepared> = Context & {
  /** What `prepare` returned, as JSON makes it: no `undefined`, dates as texts. Read-only; `undefined` without a `prepare`. */
  readonly prepared: Prepared;
};

/** What a run came to, as `finish` is told. */
export interface RunCounts {
  /** Objects of this run by outcome. */
  counts: OutcomeCounts;
  /** Calls with effect `write` or `destructive` that left, or may have left, for the vendor. */
  vendorWrites: number;
}

/** What `poll` says of one object: its outcome, or `pending` again with the token and time that hold from now on. */
export type PollAnswer = Answer;

/** The hooks that every action may have beside its way to execute. */
export interface ActionHooks<Config, Connection, Prepared> {
  /**
   * Says step by step whether the connection serves this action. Runs when a person asks, outside of any run. Calls that
   * write are refused (`WRITE_NOT_ALLOWED`). A fault is shown as the step that failed; config is what `action configure`
   * has set so far.
   */
  testConnection?(context: PluginContext<Config, Connection>): Promise<CheckStep[]>;
  /**
   * Runs before the first batch: once, or again after a crash or a wait for a rate limit, so it must bear repeating.
   * What it returns is kept with the run as JSON of at most 1 MiB and handed to every later hook. A fault ends the run.
   */
  prepare?(context: PluginContext<Config, Connection>): Promise<Prepared>;
  /**
   * Asks the vendor about objects that were answered with `pending` and are due, at most `limits.batch.objects` and 1,000
   * of them at a time, from any batch of the run. Returns exactly one answer for each, in any order. It runs again after a
   * crash, so it must bear repeating, and its calls are `repeatable` ones (`ONCE_NOT_ALLOWED` else).
   *
   * The vendor has accepted these objects: what is missing or doubled, and any fault that is neither retryable nor a
   * rate limit, leaves them `unknown`; none is ever executed again by this run. `failed` is final, `retryable` or not.
   */
  poll?(
    pending: readonly PendingObject[],
    context: WithPrepared<PluginContext<Config, Connection>, Prepared>,
  ): Promise<PollAnswer[]>;
  /**
   * Runs after the last batch and the last poll: once, or again after a crash. Not after a cancel or a fault that stopped the run, unless
   * `finishAlways`. A fault leaves the outcomes as they are and makes the run `partial`.
   */
  finish?(
    summary: RunCounts,
    context: WithPrepared<PluginContext<Config, Connection>, Prepared>,
  ): Promise<void>;
  /** Runs `finish` also after a cancel or a fault that stopped the run. Default false. */
  finishAlways?: boolean;
  /** Look-ups for `context.resolve`, by kind. */
  resolvers?: Resolvers<Config, Connection>;
}

/** Executes batch by batch: the usual way, for vendors that take many objects in one call. */
export interface BatchExecution<Config, Connection, Prepared> {
  /**
   * Takes a batch within `limits.batch` and returns exactly one outcome (or `pending`) for each of its objects, in any
   * order. What is missing, doubled or invented is `PLUGIN_CONTRACT`. A fault fails the whole batch, or has it tried again when it is
   * retryable: throw one only when nothing can be said about single objects.
   */
  execute(
    batch: Batch,
    context: WithPrepared<PluginContext<Config, Connection>, Prepared>,
  ): Promise<Answer[]>;
}

/** Executes object by object: for vendors that take one in a call, and the only way to calls with delivery `once`. */
export interface SingleExecution<Config, Connection, Prepared> {
  /**
   * Takes one object and returns its outcome, or `pending`. `limits.concurrency` of them run at a time, in all batches
   * of the plugin over the connection; where a call is `once` and that is more than 1, up to twice as many, of which no more have a call at the vendor. A fault is this object's `failed` outcome, unless it is about the whole hook: `CREDENTIALS_REFUSED` and others that stop
   * the run, `RATE_LIMITED`, and a call that the manifest does not allow. Calls cover this object unless they say otherwise.
   */
  executeOne(
    object: PluginObject,
    context: WithPrepared<PluginContext<Config, Connection>, Prepared>,
  ): Promise<Answer>;
}

/** Executes over the whole collection at once (`limits.scope: whole`), such as an export or a replaced membership. */
export interface WholeExecution<Config, Connection, Prepared> {
  /**
   * Takes the pages of the collection and yields outcomes as they become known, in any order and grouping, no more than
   * one for each object. The next page is read when it is asked for, and a yield returns when its outcomes are kept, so
   * memory does not grow with the collection unless the plugin keeps it. Every retry starts over with the first page.
   */
  executeAll(
    pages: AsyncIterable<readonly PluginObject[]>,
    context: WithPrepared<PluginContext<Config, Connection>, Prepared>,
  ): AsyncIterable<Outcome[]>;
}

/** An action: objects in, exactly one outcome for each of them out, by one of three ways to execute. */
export type ActionDefinition<
  Config = Record<string, unknown>,
  Connection = Record<string, unknown>,
  Prepared = unknown,
> = ActionHooks<Config, Connection, Prepared> &
  (
    | BatchExecution<Config, Connection, Prepared>
    | SingleExecution<Config, Connection, Prepared>
    | WholeExecution<Config, Connection, Prepared>
  );

/** What a definition is to the host: its hooks with their types erased. */
// oxlint-disable-next-line typescript/no-explicit-any -- the parameters are contravariant: no other type takes every definition
export type AnyActionDefinition = ActionDefinition<any, any, any>;

/**
 * Declares an action. Returns the definition as it is; the type parameters check its hooks against each other.
 *
 * `Config` and `Connection` are the shapes that the manifest's schemas describe: the host has validated both, defaults
 * filled in, before a hook sees them. `Prepared` is what `prepare` returns; it must survive JSON.
 */
export function defineAction<
  Config = Record<string, unknown>,
  Connection = Record<string, unknown>,
  Prepared = undefined,
>(
  definition: ActionDefinition<Config, Connection, Prepared>,
): ActionDefinition<Config, Connection, Prepared> {
  return definition;
}
