import { describeDatabases, describeOnceBehaviour } from '@drover/testing';

describeDatabases('the journal and the run ledger', (open) => {
  describeOnceBehaviour(open);
});
