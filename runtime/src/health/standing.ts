import type { StatsFs } from 'node:fs';
import { statfs } from 'node:fs/promises';
import type { Census, DueWork, HeldWork } from '@drover/engine';
import type { Parts } from '../composition/parts.js';
import { type QueueKind, queueKind } from '../environment/queue-kind.js';
import { livingStaff } from './staff.js';

/** How the whole installation stands, looked at when somebody asks. */
export interface Standing {
  queueKind: QueueKind;
  queueConnected: boolean;
  /** Connections whose vendor seems down. */
  connectionsDown: number;
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

export async function lookAtStanding(parts: Parts, now: Date): Promise<Standing> {
  const disk = await statfs(parts.surroundings.settings.dataDir).catch(() => undefined);
  const database = await lookAtDatabase(parts, now).catch(() => undefined);
  return {
    queueKind: queueKind(parts.surroundings.settings),
    queueConnected: (await parts.doorbell()).isReachable,
    connectionsDown: (await (await parts.limits()).down()).length,
    ...(disk === undefined ? {} : { disk: sizes(disk) }),
    ...(database === undefined ? {} : { database }),
  };
}

function sizes({ bsize, blocks, bavail }: StatsFs): NonNullable<Standing['disk']> {
  return { bytes: bsize * blocks, freeBytes: bsize * bavail };
}

async function lookAtDatabase(parts: Parts, now: Date): Promise<Standing['database']> {
  const watch = await parts.workWatch();
  const { workers, scheduler } = await livingStaff(await parts.leases(), now);
  return {
    due: await watch.due(now),
    held: await watch.held(now),
    workers: workers.length,
    schedulers: scheduler === undefined ? 0 : 1,
    census: await watch.census(),
  };
}
