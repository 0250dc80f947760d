import { describeDatabases, describeMirrorBehaviour, describeScaledOut } from '@drover/testing';

describeDatabases('the mirror ledger', describeMirrorBehaviour);
describeScaledOut('the mirror ledger', describeMirrorBehaviour);
