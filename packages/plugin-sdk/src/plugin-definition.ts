import type { AnyActionDefinition } from './define-action.js';
import type { AnyCommandDefinition } from './define-command.js';
import type { AnyFeedDefinition } from './define-feed.js';

/** What a plugin's code exports, of any kind, with its types erased. */
export type AnyPluginDefinition = AnyActionDefinition | AnyCommandDefinition | AnyFeedDefinition;
