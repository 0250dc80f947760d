export * from './access.js';
export * from './apps.js';
export * from './incident-filter.js';
export * from './incidents.js';
export * from './next-path.js';
export * from './remediation.js';
export { asRecord, type Saas } from './saas.js';
