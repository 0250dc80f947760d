/** The run ledger and its journal, a chunk of their own: most commands never touch runs. */
export { KyselyCallJournal, KyselyRunLedger } from '@drover/store';
