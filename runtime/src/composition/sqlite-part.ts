export { openSqlite } from '@drover/store';
