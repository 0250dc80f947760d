import { randomBytes } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Application } from '@drover/engine';
import type { PluginManifest, RateRule } from '@drover/model';
import { createNetskopeSimulator, type NetskopeState, type Simulator } from '@drover/simulators';
import { openPostgres } from '@drover/store';
import { freshRedisUrl, makeMigratedPostgres } from '@drover/testing';
import { createCliHost } from '../cli-host.js';
import { CommandLine } from '../end-to-end/command-line.js';
import type { Ground } from '../end-to-end/grounds.js';
import { Crew } from './soak/crew.js';

/** What the vendor documents, and how it counts: in windows that begin with a request. */
export const LIMITS = {
  '/api/v2/incidents/uba/getuci': { requests: 4, perMs: 1_000 },
  '/api/v1/updateFileHashList': { requests: 24, perMs: 5_000 },
} satisfies Record<string, RateRule>;
export type LimitedPath = keyof typeof LIMITS;

/** Where workers keep the limits that they share. */
export type Place = 'Redis' | 'PostgreSQL';

const TOKEN = 'token-of-the-simulated-tenant';
const CONNECTION = 'lab';
const HASHES = 'hashes';
const USERS = 'users';
const USER_COUNT = 4_000;
/** A batch is one call, so that the run is a thousand of them. */
const USERS_PER_BATCH = 4;
/** Those of both kinds fill the places of all workers. */
const PLACES_PER_WORKER = 2;
const EXPORT = 'netskope.export-file-profile-hashes';
const SCORE = 'netskope.fetch-user-confidence-index-score';
/** One for each export: a profile takes one run at a time. More than can be sent, even where nothing is kept back. */
const PROFILES = 2_000;
/** Runs asked for at a time. */
const LANES = 4;

export interface BusyWorkers {
  /** They have anything in hand. */
  all: number;
  /** They have settled an export. */
  exporting: number;
  /** They have settled a batch of scores. */
  scoring: number;
}

/** Has the plugins that are used take as much at a time as there are workers; the rate limits stay those of the published manifests. */
export function forWorkers(workers: number): (manifest: PluginManifest) => void {
  return ({ id, limits }) => {
    if (id !== EXPORT && id !== SCORE) return;
    limits.concurrency = workers;
    if (id === SCORE) limits.batch!.objects = USERS_PER_BATCH;
  };
}

/** A simulated tenant with its documented limits, and workers over one database that have more to send than it takes. */
export class LimitedSite {
  readonly tenant: Simulator<NetskopeState>;
  readonly #drover: CommandLine;
  #crew: Crew | undefined;
  #exports = 0;

  private constructor(drover: CommandLine) {
    this.#drover = drover;
    this.tenant = createNetskopeSimulator({
      token: TOKEN,
      rateLimit: {
        requestsPerSecond: LIMITS['/api/v2/incidents/uba/getuci'].requests,
        dialect: 'ratelimit-reset',
      },
      v1RateLimit: LIMITS['/api/v1/updateFileHashList'],
      fileProfiles: Array.from({ length: PROFILES }, (_, n) => ({ name: profileOf(n) })),
    });
  }

  /** @param options.zip the bundle to install, packed `forWorkers` */
  static async open(place: Place, { zip, workers }: { zip: string; workers: number }): Promise<LimitedSite> {
    const environment = { DROVER_ENCRYPTION_KEY: randomBytes(32).toString('base64') };
    const drover = await CommandLine.open({ ground: groundOf(place), environment });
    const site = new LimitedSite(drover);
    try {
      // As root, plugins run as another user, who must be able to reach their code below the data folder.
      await chmod(drover.folder, 0o711);
      await site.#fill(zip);
      const places = { DROVER_WORKER_CONCURRENCY: String(PLACES_PER_WORKER) };
      site.#crew = await Crew.start({ ...drover.environment, ...places }, { worker: workers, scheduler: 0 });
      await site.#ask(async ({ actions }) => {
        await actions.run({
          action: SCORE,
          collection: USERS,
          connection: CONNECTION,
          objectsPerRun: USER_COUNT,
        });
      });
    } catch (error) {
      await site.close();
      throw error;
    }
    return site;
  }

  /** Makes runs that export hashes until the vendor has so many of them still to come. Each is one call. */
  async stockUp(exports: number): Promise<void> {
    await this.#ask(async (application) => {
      const makeRuns = async (): Promise<void> => {
        while (this.#exports - this.#exported < exports) await this.#exportHashes(application);
      };
      await Promise.all(Array.from({ length: LANES }, makeRuns));
    });
  }

  /** How many workers have something in hand now, and have settled something of each kind since then. */
  async workersSince(time: number): Promise<BusyWorkers> {
    const owners = async (condition: string): Promise<number> => {
      const query = `select count(distinct lease_owner) as workers from tasks where ${condition}`;
      return Number((await this.#drover.ask(query))[0]!['workers']);
    };
    const settled = (kind: string) => `kind = '${kind}' and status = 'done' and settled_at >= ${time}`;
    return {
      all: await owners(`status = 'leased'`),
      exporting: await owners(settled('all')),
      scoring: await owners(settled('batch')),
    };
  }

  /** How many runs have ended, and not well. */
  async badEnds(): Promise<number> {
    const well = `('queued', 'running', 'waiting', 'succeeded')`;
    return Number(await this.#drover.count(`runs where status not in ${well}`));
  }

  async close(): Promise<void> {
    await this.#crew?.close();
    await this.tenant.close();
    await this.#drover.close();
  }

  get #exported(): number {
    const { byRoute } = this.tenant.requests();
    return byRoute['POST /api/v1/updateFileHashList']?.statuses['200'] ?? 0;
  }

  async #fill(zip: string): Promise<void> {
    const drover = this.#drover;
    await drover.json('plugin', 'install', zip);
    const tokenFile = join(drover.folder, 'token.txt');
    await writeFile(tokenFile, TOKEN, { mode: 0o600 });
    const secrets = ['apiV2Token', 'apiV1Token'].flatMap((name) => ['--secret', `${name}=file:${tokenFile}`]);
    const account = ['--vendor', 'Netskope', '--set', `baseUrl=${await this.tenant.listen()}`];
    await drover.json('connection', 'create', CONNECTION, ...account, '--proxy', 'none', ...secrets);
    await this.#import(HASHES, ['0'.repeat(32)], '--type', 'indicator', '--subtype', 'MD5');
    const users = Array.from({ length: USER_COUNT }, (_, n) => `user${n}@example.com`);
    await this.#import(USERS, users, '--type', 'identity');
  }

  async #import(collection: string, values: readonly string[], ...type: string[]): Promise<void> {
    const file = join(this.#drover.folder, `${collection}.txt`);
    await writeFile(file, values.join('\n'));
    await this.#drover.json('objects', 'import', file, '--collection', collection, ...type);
  }

  async #exportHashes({ actions }: Application): Promise<void> {
    const fileProfileName = profileOf(this.#exports);
    this.#exports += 1;
    await actions.run({
      action: EXPORT,
      collection: HASHES,
      connection: CONNECTION,
      config: { fileProfileName },
    });
  }

  /** Asks as a command does that does not wait for the end of its run: while workers live, it executes nothing. */
  async #ask(question: (application: Application) => Promise<void>): Promise<void> {
    const { dataDir, environment } = this.#drover;
    const host = createCliHost({
      environment: { ...environment, DROVER_DATA_DIR: dataDir, DROVER_LOG_LEVEL: 'silent' },
      onInterrupt: () => () => undefined,
    });
    const application = await host.openApplication({ dataDir: undefined, notify: () => undefined });
    try {
      await question(application);
    } finally {
      await application.close({ abandon: true });
    }
  }
}

function groundOf(place: Place): Ground {
  return {
    name: place,
    async prepare() {
      const { url, remove } = await makeMigratedPostgres();
      const queue: Record<string, string> =
        place === 'Redis' ? { DROVER_REDIS_URL: await freshRedisUrl() } : { DROVER_QUEUE: 'postgres' };
      return {
        environment: { DROVER_DATABASE_URL: url, ...queue },
        openDatabase: () => openPostgres(url),
        remove,
      };
    },
  };
}

function profileOf(n: number): string {
  return `Known bad ${n}`;
}
