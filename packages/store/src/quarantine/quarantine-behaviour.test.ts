import { describeSqlite, describeQuarantineBehaviour, describeScaledOut } from '@drover/testing';

describeSqlite('the quarantine', describeQuarantineBehaviour);
describeScaledOut('the quarantine', describeQuarantineBehaviour);
