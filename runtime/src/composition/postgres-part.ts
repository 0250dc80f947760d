export { openPostgres } from '@drover/store';
