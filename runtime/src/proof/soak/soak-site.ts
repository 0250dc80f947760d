import { randomBytes } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Application } from '@drover/engine';
import { type PluginManifest, isFault } from '@drover/model';
import { CuttableWire, OwnPostgres, OwnRedis } from '@drover/testing/servers';
import { createCliHost } from '../../cli-host.js';
import { CommandLine } from '../../end-to-end/command-line.js';
import { packVendor } from '../pack-vendor.js';
import { Crew } from './crew.js';
import { inTime } from './in-time.js';
import type { SoakOptions } from './soak-options.js';
import { sizeOf } from './soak-size.js';
import { type SoakSubject, subjectsOf } from './soak-subjects.js';
import { CLIENT, SoakVendors, TOKEN } from './soak-vendors.js';

export const FEED = 'incidents';
export const LEASE_SECONDS = 4;
const BATCH_OBJECTS = 50;
const SELDOM_FELT = { requests: 200, perMs: 1_000 };
const PATIENCE_MS = 60_000;
/** A question that is not answered by then hangs: a server that is away refuses it sooner. */
const ANSWER_SECONDS = 45;
const CLOSE_SECONDS = 40;
const DRAIN_SECONDS = 10;
/** What a process may take to stop: it has ten seconds beside its time to drain, and the machine may be busy. */
const STOP_SECONDS = DRAIN_SECONDS + 10 + 10;
const AGAIN_MS = 250;

/** The servers that everything of a soak stands on. */
interface Servers {
  postgres: OwnPostgres;
  redis: OwnRedis;
  /** To Redis. */
  wire: CuttableWire;
}

/** Servers, simulated vendors and processes of a soak, and what a person asks of them. */
export class SoakSite {
  readonly vendors: SoakVendors;
  readonly subjects: readonly SoakSubject[];
  readonly #servers: Servers;
  readonly #drover: CommandLine;
  readonly #environment: Record<string, string>;
  readonly #overdue: string[] = [];
  /** A soak that took too long may still be asking. */
  #isClosed = false;
  #crew: Crew | undefined;

  private constructor(servers: Servers, drover: CommandLine, { objects, seconds }: SoakOptions) {
    const size = sizeOf(objects);
    this.#servers = servers;
    this.#drover = drover;
    this.vendors = new SoakVendors(size);
    this.subjects = subjectsOf(size, seconds, this.vendors);
    this.#environment = {
      DROVER_DATABASE_URL: servers.postgres.url,
      DROVER_REDIS_URL: servers.wire.through(servers.redis.url),
      DROVER_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      DROVER_LEASE_SECONDS: String(LEASE_SECONDS),
      DROVER_DRAIN_SECONDS: String(DRAIN_SECONDS),
    };
  }

  /** Starts the servers, fills the library, and starts three workers and two schedulers. */
  static async open(options: SoakOptions): Promise<SoakSite> {
    const postgres = await OwnPostgres.start();
    const redis = await OwnRedis.start();
    const servers = { postgres, redis, wire: await CuttableWire.to(redis.url) };
    const site = new SoakSite(servers, await CommandLine.open(), options);
    try {
      await site.#fill();
      site.#crew = await Crew.start(site.#environment, { worker: 3, scheduler: 2 });
    } catch (error) {
      await site.close();
      throw error;
    }
    return site;
  }

  get crew(): Crew {
    return this.#crew!;
  }

  get postgres(): OwnPostgres {
    return this.#servers.postgres;
  }

  get redis(): OwnRedis {
    return this.#servers.redis;
  }

  get wire(): CuttableWire {
    return this.#servers.wire;
  }

  /** Asks something as a person would, again and again while the database is away. Faults of the question itself come through. */
  async ask<Answer>(question: (application: Application) => Promise<Answer>): Promise<Answer> {
    const until = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await inTime(this.#askOnce(question), { what: 'a question', seconds: ANSWER_SECONDS });
      } catch (error) {
        if (!isOutage(error) || performance.now() > until || this.#isClosed) throw error;
        await sleep(AGAIN_MS);
      }
    }
  }

  /** Ends all processes in good order. Those that do not end so, or ended unasked before, are problems. */
  async dismiss(): Promise<string[]> {
    const wrong = await Promise.all(
      this.crew.members.map(async (member) => {
        const ends = await member.stop({ seconds: STOP_SECONDS });
        return [...member.unasked, ...ends].map((words) => `${member.name} ${words}`);
      }),
    );
    return [...wrong.flat(), ...this.#overdue];
  }

  /** Ends everything, whatever of it fails. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await inTime(this.#close(), { what: 'closing everything', seconds: CLOSE_SECONDS });
  }

  async #close(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of [
      () => this.#crew?.close(),
      () => this.vendors.close(),
      () => this.wire.cut(),
      () => this.redis.kill(),
      () => this.postgres.remove(),
      () => this.#drover.close(),
    ]) {
      await close()?.catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  async #askOnce<Answer>(question: (application: Application) => Promise<Answer>): Promise<Answer> {
    const host = createCliHost({
      environment: {
        ...this.#environment,
        DROVER_DATA_DIR: this.#drover.dataDir,
        DROVER_LOG_LEVEL: 'silent',
      },
      onInterrupt: () => () => undefined,
    });
    const application = await host.openApplication({ dataDir: undefined, notify: () => undefined });
    try {
      return await question(application);
    } finally {
      await application.close({ abandon: true }).catch((error: unknown) => {
        if (isFault(error) && error.code === 'STOP_OVERDUE') this.#overdue.push(`asking: ${error.message}`);
      });
    }
  }

  async #fill(): Promise<void> {
    await chmod(this.#drover.folder, 0o711);
    for (const vendor of ['netskope', 'palo-alto-saas-security']) {
      const zip = await packVendor(this.#drover, vendor, soften);
      await this.#run(['plugin', 'install', zip]);
    }
    const urls = await this.vendors.listen();
    const netskope = ['--vendor', 'Netskope', '--set', `baseUrl=${urls.netskope}`];
    const tokenFile = join(this.#drover.folder, 'token.txt');
    await writeFile(tokenFile, TOKEN, { mode: 0o600 });
    const secrets = ['apiV2Token', 'apiV1Token'].flatMap((name) => ['--secret', `${name}=file:${tokenFile}`]);
    await this.#run(['connection', 'create', 'netskope', ...netskope, '--proxy', 'none', ...secrets]);
    const saas = ['--vendor', 'Palo Alto SaaS Security', '--set', `clientId=${CLIENT.clientId}`];
    const place = ['--set', `baseUrl=${urls.saas}/`, '--proxy', 'none'];
    await this.#run(['connection', 'create', 'saas', ...saas, ...place, '--secret-stdin', 'clientSecret'], {
      stdin: CLIENT.clientSecret,
    });
    for (const { name, objects } of this.subjects) {
      const file = join(this.#drover.folder, `${name}.jsonl`);
      await writeFile(file, objects.map((object) => JSON.stringify(object)).join('\n'));
      await this.#run(['objects', 'import', file, '--collection', name]);
    }
    const feed = ['--plugin', 'palo-alto-saas-security.fetch-incidents', '--connection', 'saas'];
    const config = ['--set', 'firstFetch=2 months', '--set', 'pageSize=100'];
    await this.#run(['feed', 'create', FEED, ...feed, '--every', '1m', '--mirror', 'in', ...config]);
  }

  async #run(argv: string[], { stdin = '' } = {}): Promise<void> {
    const { exitCode, stderr } = await this.#drover.run(argv, { environment: this.#environment, stdin });
    if (exitCode !== 0) throw new Error(`drover ${argv.join(' ')}: ${stderr}`);
  }
}

/** Small batches, so that there are many; limits that are there and seldom felt. */
function soften(manifest: PluginManifest): void {
  const { batch, rateGroups } = manifest.limits;
  if (manifest.kind === 'action' && batch !== undefined)
    batch.objects = Math.min(batch.objects!, BATCH_OBJECTS);
  for (const name of Object.keys(rateGroups ?? {})) rateGroups![name] = SELDOM_FELT;
}

const OUTAGES: readonly string[] = ['DATABASE_UNREACHABLE', 'INTERNAL', 'REDIS_UNREACHABLE'];

/** Whether the database went away in the middle of a question. */
function isOutage(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return (
    OUTAGES.includes(code ?? '') ||
    /^(57P0\d|08\w{3}|ECONN\w+|EPIPE)$/.test(code ?? '') ||
    /terminat|ECONN|not queryable/i.test(message ?? '')
  );
}
