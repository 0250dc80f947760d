import { describeDatabases, describeRunBehaviour, describeScaledOut } from '@drover/testing';

describeDatabases('the run ledger', describeRunBehaviour);
describeScaledOut('the run ledger', describeRunBehaviour);
