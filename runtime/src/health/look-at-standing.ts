import type { StatsFs } from 'node:fs';
import { statfs } from 'node:fs/promises';
import type { Parts } from '../composition/parts.js';
import { queueKind } from '../environment/queue-kind.js';
import { inTime } from './in-time.js';
import { livingStaff } from './staff.js';
import type { Standing } from './standing.js';

export async function lookAtStanding(parts: Parts, now: Date): Promise<Standing> {
  const [disk, database, connectionsDown] = await Promise.all([
    statfs(parts.surroundings.settings.dataDir).catch(() => undefined),
    inTime(lookAtDatabase(parts, now)).catch(() => undefined),
    inTime(countConnectionsDown(parts)).catch(() => undefined),
  ]);
  return {
    queueKind: queueKind(parts.surroundings.settings),
    queueConnected: (await parts.doorbell()).isReachable,
    ...(connectionsDown === undefined ? {} : { connectionsDown }),
    ...(disk === undefined ? {} : { disk: sizes(disk) }),
    ...(database === undefined ? {} : { database }),
  };
}

async function countConnectionsDown(parts: Parts): Promise<number> {
  return (await (await parts.limits()).down()).length;
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
