import { describeCommandLedgerContract, describeDatabases } from '@drover/testing';
import { KyselyCommandLedger } from './kysely-command-ledger.js';

describeDatabases('the record of commands', (open) => {
  describeCommandLedgerContract(async () => new KyselyCommandLedger(await open()));
});
