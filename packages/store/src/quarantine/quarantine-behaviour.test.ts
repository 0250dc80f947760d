import { describeDatabases, describeQuarantineBehaviour, describeScaledOut } from '@drover/testing';

describeDatabases('the quarantine', describeQuarantineBehaviour);
describeScaledOut('the quarantine', describeQuarantineBehaviour);
