import { describeDatabases, describePlanBehaviour } from '@drover/testing';

describeDatabases('plans', (open) => {
  describePlanBehaviour(open);
});
