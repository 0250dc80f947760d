import { describeDatabases, describeFeedBehaviour } from '@drover/testing';

describeDatabases('the feed ledger', (open) => {
  describeFeedBehaviour(open);
});
