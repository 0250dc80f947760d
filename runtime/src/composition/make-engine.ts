import { randomBytes } from 'node:crypto';
import { Engine, type EnginePorts, type FeedLedger, type RunLedger } from '@drover/engine';
import { engineErrors } from './engine-errors.js';
import type { Parts } from './parts.js';
import { isKnownDead, ownIdentity } from './process-identity.js';
import type { Releases } from './releases.js';

/** The engine over all ports. It executes nothing before it is started. */
export async function makeEngine(parts: Parts, releases: Releases): Promise<Engine> {
  const log = await parts.log();
  const self = ownIdentity();
  const { settings } = parts.surroundings;
  const { ledger, feeds } = await countedLedgers(parts);
  const engine = new Engine(
    {
      ledger,
      journal: await parts.journal(),
      feeds,
      mirrors: await parts.mirrors(),
      plugins: await parts.plugins(),
      connections: await parts.connections(),
      leases: await parts.leases(),
      runtime: await parts.pluginRuntime(),
      doorbell: await parts.doorbell(),
      ...(await retentionOf(parts)),
    },
    {
      owner: `${self.host}:${self.pid}:${randomBytes(4).toString('hex')}`,
      self,
      isDead: isKnownDead,
      concurrency: settings.workerConcurrency,
      leaseMs: settings.leaseSeconds * 1_000,
      // A data folder has one process that executes; a database server has room for many.
      shared: settings.databaseUrl !== undefined,
      onError: engineErrors(log),
    },
  );
  releases.add(
    'work in hand',
    ({ abandon, drainMs }) => (abandon ? engine.abort() : engine.stop({ drainMs })),
    { drains: true },
  );
  return engine;
}

/** Work is counted where somebody can ask for the figures. */
async function countedLedgers(parts: Parts): Promise<{ ledger: RunLedger; feeds: FeedLedger }> {
  const ledger = await parts.ledger();
  const feeds = await parts.feeds();
  if (parts.surroundings.settings.httpPort === undefined) return { ledger, feeds };
  const meters = await parts.meters();
  return { ledger: meters.over(ledger), feeds: meters.overFeeds(feeds) };
}

async function retentionOf(parts: Parts): Promise<Pick<EnginePorts, 'retention'>> {
  const { retentionDays: days } = parts.surroundings.settings;
  return days === undefined ? {} : { retention: { store: await parts.retention(), days } };
}
