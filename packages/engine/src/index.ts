export type * from './ports/connection-vault.js';
export type * from './ports/doorbell.js';
export type * from './ports/governor.js';
export type * from './ports/object-library.js';
export type * from './ports/plugin-library.js';
export type * from './ports/plugin-runtime.js';
