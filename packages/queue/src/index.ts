export { InProcessDoorbell } from './in-process-doorbell.js';
