/** Limits that processes share, a chunk of its own: only what calls vendors over a database server needs it. */
export { PostgresLimitStore } from '@drover/store';
