/** Servers of a test's own, for programs that run without a test runner. */
export { OwnPostgres, missingOwnPostgres } from './databases/own-postgres.js';
export { OwnRedis, missingRedis } from './databases/redis-servers.js';
export { CuttableWire } from './databases/cuttable-wire.js';
