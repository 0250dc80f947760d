import type { Outcome, OutcomeCounts, PluginObject } from '@drover/model';
import type { Batch, PluginContext } from './context.js';

/** One step of a connection test, in the order in which a person reads them. */
export interface CheckStep {
  /** What was tried, such as "read the URL lists". */
  step: string;
  ok: boolean;
  /** What was found, or what to do. One sentence. */
  detail?: string;
}

type WithPrepared<Context, Prepared> = Context & { readonly prepared: Prepared };

interface ActionHooks<Config, Connection, Prepared> {
  /** Says step by step whether the connection serves this action. Calls that write are refused here. */
  testConnection?(context: PluginContext<Config, Connection>): Promise<CheckStep[]>;
  /** Runs once before the first batch (at least once after a crash). What it returns is frozen as JSON (≤ 1 MiB). */
  prepare?(context: PluginContext<Config, Connection>): Promise<Prepared>;
  /** Runs after the last batch, not after a cancel or a credential fault unless `finishAlways`. A fault makes the run `partial`. */
  finish?(
    summary: { counts: OutcomeCounts; vendorWrites: number },
    context: WithPrepared<PluginContext<Config, Connection>, Prepared>,
  ): Promise<void>;
  finishAlways?: boolean;
}

/** An action: objects in, exactly one outcome for each of them out, by one of three ways to execute. */
export type ActionDefinition<
  Config = Record<string, unknown>,
  Connection = Record<string, unknown>,
  Prepared = unknown,
> = ActionHooks<Config, Connection, Prepared> &
  (
    | {
        /** Takes a batch of at most `limits.batch` objects. */
        execute(
          batch: Batch,
          context: WithPrepared<PluginContext<Config, Connection>, Prepared>,
        ): Promise<Outcome[]>;
      }
    | {
        /** Takes one object; the host runs `limits.concurrency` of them at a time. */
        executeOne(
          object: PluginObject,
          context: WithPrepared<PluginContext<Config, Connection>, Prepared>,
        ): Promise<Outcome>;
      }
    | {
        /** Takes the whole collection, page by page (`limits.scope: whole`); may yield outcomes as it goes. */
        executeAll(
          pages: AsyncIterable<readonly PluginObject[]>,
          context: WithPrepared<PluginContext<Config, Connection>, Prepared>,
        ): AsyncIterable<Outcome[]>;
      }
  );

// What a definition is to the host: its hooks with their types erased.
export type AnyActionDefinition = ActionDefinition<any, any, any>;

/** Declares an action. Returns the definition as it is; the type parameters check its hooks against each other. */
export function defineAction<
  Config = Record<string, unknown>,
  Connection = Record<string, unknown>,
  Prepared = undefined,
>(
  definition: ActionDefinition<Config, Connection, Prepared>,
): ActionDefinition<Config, Connection, Prepared> {
  return definition;
}
