import { describeDoorbellContract } from '@drover/testing';
import { InProcessDoorbell } from './in-process-doorbell.js';

describeDoorbellContract('the in-process queue', async () => new InProcessDoorbell());
