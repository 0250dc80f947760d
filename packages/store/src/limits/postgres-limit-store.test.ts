import { describeLimitStoreContract, describePostgres } from '@drover/testing';
import { PostgresLimitStore } from './postgres-limit-store.js';

describePostgres('limits', 'on PostgreSQL', (open) => {
  describeLimitStoreContract('PostgreSQL', async (now) => new PostgresLimitStore(await open(), now));
});
