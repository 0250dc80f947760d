import { describeSqlite, describeFeedBehaviour, describeScaledOut } from '@drover/testing';

describeSqlite('the feed ledger', describeFeedBehaviour);
describeScaledOut('the feed ledger', describeFeedBehaviour);
