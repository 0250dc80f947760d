import { describeSqlite, describePlanBehaviour, describeScaledOut } from '@drover/testing';

describeSqlite('plans', describePlanBehaviour);
describeScaledOut('plans', describePlanBehaviour);
