import type { Census, DueWork, HeldWork } from '@drover/engine';
import type { QueueKind } from '../environment/queue-kind.js';

/** How the whole installation stands, looked at when somebody asks. */
export interface Standing {
  queueKind: QueueKind;
  queueConnected: boolean;
  /** Connections whose vendor seems down; absent while the limits say nothing. */
  connectionsDown?: number;
  /** Of the file system that the data folder is on; absent while there is none. */
  disk?: { bytes: number; freeBytes: number };
  /** Absent while the database cannot be used. */
  database?: {
    due: DueWork;
    held: readonly HeldWork[];
    workers: number;
    schedulers: number;
    census: Census;
  };
}
