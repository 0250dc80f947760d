export type * from './context.js';
export * from './define-action.js';
export * from './outcomes.js';
export { Fault, isFault } from '@drover/model';
export type {
  Outcome,
  OutcomeCounts,
  OutcomeReason,
  PluginObject,
  WriteBack,
  AttributeValue,
} from '@drover/model';
