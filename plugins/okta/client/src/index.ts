export * from './lifecycle.js';
export type { Okta } from './okta.js';
export * from './users.js';
