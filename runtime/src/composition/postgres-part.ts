export { openPostgres, postgresIdentity } from '@drover/store';
