import { randomBytes } from 'node:crypto';
import { Engine } from '@drover/engine';
import { toFaultRecord } from '@drover/model';
import { InProcessDoorbell } from '@drover/queue';
import type { Parts } from './parts.js';
import { isKnownDead, ownIdentity } from './process-identity.js';
import type { Releases } from './releases.js';

/** The engine over all ports. It executes nothing before it is started. */
export async function makeEngine(parts: Parts, releases: Releases): Promise<Engine> {
  const log = await parts.log();
  const self = ownIdentity();
  const engine = new Engine(
    {
      ledger: await parts.ledger(),
      journal: await parts.journal(),
      feeds: await parts.feeds(),
      mirrors: await parts.mirrors(),
      plugins: await parts.plugins(),
      connections: await parts.connections(),
      leases: await parts.leases(),
      runtime: await parts.pluginRuntime(),
      doorbell: new InProcessDoorbell(),
    },
    {
      owner: `${self.host}:${self.pid}:${randomBytes(4).toString('hex')}`,
      self,
      isDead: isKnownDead,
      concurrency: parts.surroundings.settings.workerConcurrency,
      onError: (fault) =>
        log.error({ fault: toFaultRecord(fault), stack: fault.stack }, 'work without a run failed'),
    },
  );
  releases.add(({ abandon }) => (abandon ? engine.abort() : engine.stop()));
  return engine;
}
