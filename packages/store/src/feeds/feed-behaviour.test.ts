import { describeDatabases, describeFeedBehaviour, describeScaledOut } from '@drover/testing';

describeDatabases('the feed ledger', describeFeedBehaviour);
describeScaledOut('the feed ledger', describeFeedBehaviour);
