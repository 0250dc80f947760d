import { describeSqlite, describeOnceBehaviour, describeScaledOut } from '@drover/testing';

describeSqlite('the journal and the run ledger', describeOnceBehaviour);
describeScaledOut('the journal and the run ledger', describeOnceBehaviour);
