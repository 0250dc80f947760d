import { describeDatabases, describeQuarantineBehaviour } from '@drover/testing';

describeDatabases('the quarantine', (open) => {
  describeQuarantineBehaviour(open);
});
