export * from './access.js';
export { type Crowdstrike, GRAPHQL_ENDPOINT } from './crowdstrike.js';
export { CURSOR_EXPIRED } from './graphql-errors.js';
export * from './risk-attributes.js';
export * from './risk-score.js';
export * from './score-bands.js';
export * from './users-by-address.js';
export * from './users.js';
