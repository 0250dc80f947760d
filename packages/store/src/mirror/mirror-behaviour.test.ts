import { describeSqlite, describeMirrorBehaviour, describeScaledOut } from '@drover/testing';

describeSqlite('the mirror ledger', describeMirrorBehaviour);
describeScaledOut('the mirror ledger', describeMirrorBehaviour);
