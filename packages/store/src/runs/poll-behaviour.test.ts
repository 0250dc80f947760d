import { describeDatabases, describePollBehaviour, describeScaledOut } from '@drover/testing';

describeDatabases('the run ledger with pending objects', describePollBehaviour);
describeScaledOut('the run ledger with pending objects', describePollBehaviour);
