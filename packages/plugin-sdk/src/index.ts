export type * from './context.js';
export * from './define-action.js';
export * from './define-feed.js';
export * from './faults.js';
export * from './outcomes.js';
export { Fault, isFault } from '@drover/model';
export type {
  AttributeValue,
  FaultOptions,
  JsonValue,
  Outcome,
  OutcomeCounts,
  OutcomeReason,
  PluginObject,
  WriteBack,
} from '@drover/model';
