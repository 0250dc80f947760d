import { describeDatabases, describePlanBehaviour, describeScaledOut } from '@drover/testing';

describeDatabases('plans', describePlanBehaviour);
describeScaledOut('plans', describePlanBehaviour);
