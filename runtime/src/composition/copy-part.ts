/** Copying databases and backing them up, a chunk of its own. */
export { backUpSqlite, copyDatabase } from '@drover/store';
