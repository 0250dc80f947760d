export type * from './context.js';
export * from './define-action.js';
export * from './faults.js';
export * from './outcomes.js';
export type { StreamChunks, StreamSource } from './stream-source.js';
export { Fault, isFault } from '@drover/model';
export type {
  AttributeValue,
  FaultOptions,
  Outcome,
  OutcomeCounts,
  OutcomeReason,
  PluginObject,
  WriteBack,
} from '@drover/model';
