import { describeDatabases, describeRunBehaviour } from '@drover/testing';

describeDatabases('the run ledger', (open) => {
  describeRunBehaviour(open);
});
