import type { CommandContext } from './context.js';
import type { CheckStep } from './define-action.js';
import type { Resolvers } from './resolvers.js';

/** A command: an input document in, an output document out. */
export interface CommandDefinition<
  Input = Record<string, unknown>,
  Output = unknown,
  Config = Record<string, unknown>,
  Connection = Record<string, unknown>,
> {
  /** As an action's: says step by step whether the connection serves this command. Calls that write are refused. */
  testConnection?(context: CommandContext<Config, Connection>): Promise<CheckStep[]>;
  /**
   * Answers one input. Runs once for each time that a person or an application asks, and is never run again by itself:
   * a fault is the command's answer. The input fits the manifest's `input`, defaults filled in, and is read-only. What it
   * returns must fit the manifest's `output`, or the command fails with `VENDOR_CONTRACT` naming the place; a member that
   * is `undefined` counts as absent. A call with delivery `once` may be made once.
   */
  run(input: Readonly<Input>, context: CommandContext<Config, Connection>): Promise<Output>;
  /** Look-ups for `context.resolve`, by kind. */
  resolvers?: Resolvers<Config, Connection>;
}

/** What a definition is to the host: its hooks with their types erased. */
// oxlint-disable-next-line typescript/no-explicit-any -- the parameters are contravariant: no other type takes every definition
export type AnyCommandDefinition = CommandDefinition<any, any, any, any>;

/**
 * Declares a command. Returns the definition as it is; the type parameters check its hooks against each other. `Input`
 * and `Output` are the shapes that the manifest's `input` and `output` describe, `Config` and `Connection` as for an action.
 */
export function defineCommand<
  Input = Record<string, unknown>,
  Output = unknown,
  Config = Record<string, unknown>,
  Connection = Record<string, unknown>,
>(
  definition: CommandDefinition<Input, Output, Config, Connection>,
): CommandDefinition<Input, Output, Config, Connection> {
  return definition;
}
