import { describeDatabases, describeMirrorBehaviour } from '@drover/testing';

describeDatabases('the mirror ledger', (open) => {
  describeMirrorBehaviour(open);
});
