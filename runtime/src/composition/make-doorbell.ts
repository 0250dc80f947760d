import type { Doorbell } from '@drover/engine';
import { asFault, toFaultRecord } from '@drover/model';
import { InProcessDoorbell, RedisDoorbell } from '@drover/queue';
import type { Settings } from '../environment/settings.js';
import type { Parts } from './parts.js';
import type { Releases } from './releases.js';

/** The doorbell of the settings. One in Redis connects when it is first rung, opened or listened to. */
export async function makeDoorbell(parts: Parts, releases: Releases): Promise<Doorbell> {
  const doorbell = await openDoorbell(parts);
  releases.add(() => doorbell.close());
  return doorbell;
}

async function openDoorbell(parts: Parts): Promise<Doorbell> {
  const url = queueUrl(parts.surroundings.settings);
  if (url === undefined) return new InProcessDoorbell();
  const log = await parts.log();
  return new RedisDoorbell(url, {
    onError: (error) => log.warn({ fault: toFaultRecord(asFault(error)) }, 'the queue in Redis failed'),
  });
}

/** The Redis that rings go through; `undefined` when they stay in this process. */
export function queueUrl({ queue, redisUrl }: Pick<Settings, 'queue' | 'redisUrl'>): string | undefined {
  return queue === 'memory' ? undefined : redisUrl;
}
