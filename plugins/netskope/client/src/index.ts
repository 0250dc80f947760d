export * from './list-entry.js';
export type { Refusal } from './refusals.js';
export * from './url-lists.js';
