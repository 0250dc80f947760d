export type * from './context.js';
export * from './define-action.js';
export * from './define-command.js';
export * from './define-feed.js';
export * from './faults.js';
export * from './outcomes.js';
export type * from './plugin-definition.js';
export type { Resolver, Resolvers } from './resolvers.js';
export type { StreamChunks, StreamSource } from './stream-source.js';
export { Fault, isFault } from '@drover/model';
export type {
  Answer,
  AttributeValue,
  FaultOptions,
  JsonValue,
  Outcome,
  OutcomeCounts,
  OutcomeReason,
  Pending,
  PendingObject,
  PluginObject,
  WriteBack,
} from '@drover/model';
