export * from './access.js';
export * from './confidences.js';
export * from './hash-lists.js';
export * from './impacts.js';
export * from './list-entry.js';
export type { Netskope } from './netskope.js';
export type { Refusal } from './refusals.js';
export * from './url-lists.js';
