export type { Database } from './database/database.js';
export { migrate } from './database/migrate.js';
export { openPostgres } from './database/postgres.js';
export { openSqlite } from './database/sqlite.js';
