import type { Doorbell } from '@drover/engine';
import { asFault, toFaultRecord } from '@drover/model';
import { BullDoorbell, InProcessDoorbell, PostgresRings, RedisRings, type RingStore } from '@drover/queue';
import { queueKind } from '../environment/queue-kind.js';
import type { Parts } from './parts.js';
import type { Releases } from './releases.js';

/** The doorbell of the settings. One between processes connects when it is first rung, opened or listened to. */
export async function makeDoorbell(parts: Parts, releases: Releases): Promise<Doorbell> {
  const store = await makeRingStore(parts);
  const doorbell = store === undefined ? new InProcessDoorbell() : new BullDoorbell(store);
  releases.add('the queue', () => doorbell.close());
  return doorbell;
}

async function makeRingStore(parts: Parts): Promise<RingStore | undefined> {
  const { settings } = parts.surroundings;
  const kind = queueKind(settings);
  if (kind === 'memory') return undefined;
  const log = await parts.log();
  const onError = (error: Error): void =>
    log.warn({ queue: kind, fault: toFaultRecord(asFault(error)) }, 'the queue failed');
  return kind === 'redis'
    ? new RedisRings(settings.redisUrl!, { onError })
    : new PostgresRings(settings.databaseUrl!, { onError });
}
