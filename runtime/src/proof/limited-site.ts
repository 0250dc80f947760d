import { randomBytes } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Application } from '@drover/engine';
import type { RateRule } from '@drover/model';
import { createNetskopeSimulator, type NetskopeState, type Simulator } from '@drover/simulators';
import { openPostgres } from '@drover/store';
import { freshRedisUrl, makeMigratedPostgres } from '@drover/testing';
import { createCliHost } from '../cli-host.js';
import { CommandLine } from '../end-to-end/command-line.js';
import type { Ground } from '../end-to-end/grounds.js';
import { Crew } from './soak/crew.js';

/** What the vendor documents, and how it counts: in windows that begin with a request. */
export const LIMITS = {
  '/api/v2/scim/Users': { requests: 4, perMs: 1_000 },
  '/api/v1/updateFileHashList': { requests: 24, perMs: 5_000 },
} satisfies Record<string, RateRule>;
export type LimitedPath = keyof typeof LIMITS;

/** Where workers keep the limits that they share. */
export type Place = 'Redis' | 'PostgreSQL';

const TOKEN = 'token-of-the-simulated-tenant';
const CONNECTION = 'lab';
const HASHES = 'hashes';
/** Two batches. Each user is two calls, so that a worker is busy with one run for minutes. */
const USERS_PER_RUN = 200;
/** One for each export: a profile takes one run at a time. More than can be sent, even where nothing is kept back. */
const PROFILES = 2_000;
/** Runs asked for at a time. */
const LANES = 4;

export interface BusyWorkers {
  exporting: number;
  provisioning: number;
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
      rateLimit: { requestsPerSecond: LIMITS['/api/v2/scim/Users'].requests, dialect: 'ratelimit-reset' },
      v1RateLimit: LIMITS['/api/v1/updateFileHashList'],
      fileProfiles: Array.from({ length: PROFILES }, (_, n) => ({ name: profileOf(n) })),
    });
  }

  /**
   * Has as many runs that provision users as there are workers.
   * @param options.zip the bundle to install
   */
  static async open(place: Place, { zip, workers }: { zip: string; workers: number }): Promise<LimitedSite> {
    const environment = { DROVER_ENCRYPTION_KEY: randomBytes(32).toString('base64') };
    const drover = await CommandLine.open({ ground: groundOf(place), environment });
    const site = new LimitedSite(drover);
    try {
      // As root, plugins run as another user, who must be able to reach their code below the data folder.
      await chmod(drover.folder, 0o711);
      await site.#fill({ zip, runs: workers });
      site.#crew = await Crew.start(drover.environment, { worker: workers, scheduler: 0 });
      await site.#ask((application) => site.#provisionUsers(application, { runs: workers }));
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

  /** How many workers have settled an export since then, and how many hold users right now. */
  async workersSince(time: number): Promise<BusyWorkers> {
    const workers = 'count(distinct lease_owner) as workers';
    const settled = `kind = 'all' and status = 'done' and settled_at >= ${time}`;
    const [exporting] = await this.#drover.ask(`select ${workers} from tasks where ${settled}`);
    const held = `kind = 'batch' and status = 'leased'`;
    const [provisioning] = await this.#drover.ask(`select ${workers} from tasks where ${held}`);
    return {
      exporting: Number(exporting!['workers']),
      provisioning: Number(provisioning!['workers']),
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

  async #fill({ zip, runs }: { zip: string; runs: number }): Promise<void> {
    const drover = this.#drover;
    await drover.json('plugin', 'install', zip);
    const tokenFile = join(drover.folder, 'token.txt');
    await writeFile(tokenFile, TOKEN, { mode: 0o600 });
    const secrets = ['apiV2Token', 'apiV1Token'].flatMap((name) => ['--secret', `${name}=file:${tokenFile}`]);
    const account = ['--vendor', 'Netskope', '--set', `baseUrl=${await this.tenant.listen()}`];
    await drover.json('connection', 'create', CONNECTION, ...account, '--proxy', 'none', ...secrets);
    await this.#import(HASHES, ['0'.repeat(32)], '--type', 'indicator', '--subtype', 'MD5');
    for (let run = 0; run < runs; run += 1) {
      const users = Array.from({ length: USERS_PER_RUN }, (_, n) => `user${n}.of${run}@example.com`);
      await this.#import(usersOf(run), users, '--type', 'identity');
    }
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
      action: 'netskope.export-file-profile-hashes',
      collection: HASHES,
      connection: CONNECTION,
      config: { fileProfileName },
    });
  }

  async #provisionUsers({ actions }: Application, { runs }: { runs: number }): Promise<void> {
    const action = 'netskope.scim-provision-users';
    for (let run = 0; run < runs; run += 1)
      await actions.run({ action, collection: usersOf(run), connection: CONNECTION });
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

function usersOf(run: number): string {
  return `users-${run}`;
}
