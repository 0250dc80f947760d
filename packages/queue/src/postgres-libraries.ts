/** What the queue in PostgreSQL stands on, as a module of its own that is loaded when such a queue is first used. */
export {
  LATEST_SCHEMA_VERSION,
  Queue,
  Worker,
  assertSchemaCompatibility,
  createPostgresBackend,
  runMigrations,
} from 'bullmq';
export { Pool } from 'pg';
