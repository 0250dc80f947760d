import { describeDatabases, describeOnceBehaviour, describeScaledOut } from '@drover/testing';

describeDatabases('the journal and the run ledger', describeOnceBehaviour);
describeScaledOut('the journal and the run ledger', describeOnceBehaviour);
