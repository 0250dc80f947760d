import { describeSqlite, describePollBehaviour, describeScaledOut } from '@drover/testing';

describeSqlite('the run ledger with pending objects', describePollBehaviour);
describeScaledOut('the run ledger with pending objects', describePollBehaviour);
