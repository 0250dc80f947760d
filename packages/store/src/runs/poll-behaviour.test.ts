import { describeDatabases, describePollBehaviour } from '@drover/testing';

describeDatabases('the run ledger with pending objects', (open) => {
  describePollBehaviour(open);
});
