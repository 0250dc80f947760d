import type { ListType } from '@drover-plugins/netskope-client';
import type { PluginContext } from '@drover/plugin-sdk';

export interface Config {
  urlListName: string;
  clearOnManualRun: boolean;
  applyPendingChanges: boolean;
}

/** The list that a run writes to, found once. */
export interface Prepared {
  listId: number;
  type: ListType;
}

export type Context = PluginContext<Config>;
export type RunContext = Context & { readonly prepared: Prepared };

/**
 * Whether the pass that this run belongs to puts its objects in the place of what the list holds. Only a manual pass
 * offers a whole collection by a person's wish; a scheduled one offers what is new, an API call or event maybe one object.
 */
export function clearsList({ config, run }: Pick<Context, 'config' | 'run'>): boolean {
  return config.clearOnManualRun && run.trigger === 'manual';
}
