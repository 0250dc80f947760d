/** The run ledger, a chunk of its own: most commands never touch runs. */
export { KyselyRunLedger } from '@drover/store';
