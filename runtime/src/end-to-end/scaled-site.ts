import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunView, StoredOutcome } from '@drover/engine';
import { createNetskopeSimulator, type NetskopeState, type Simulator } from '@drover/simulators';
import { BuiltDrover, type DroverProcess, type EndedProcess } from './built-drover.js';
import type { PassBooks } from './run-books.js';
import { COLLECTION, CONNECTION, LISTS, TOKEN } from './tenant-site.js';
import { VendorGate } from './vendor-gate.js';

const INDICATORS = fileURLToPath(new URL('../../../examples/threat-labs-iocs.csv', import.meta.url));

/** The servers of a site, which it ends. */
export interface Servers {
  database: { url: string; remove(): Promise<void> };
  redis: { url: string; start(): Promise<void>; kill(): Promise<void> };
}

/** One PostgreSQL database and one Redis, the built command over them from as many machines as wanted, a simulated tenant. */
export class ScaledSite {
  readonly #machines: { folder: string; built: BuiltDrover }[] = [];
  readonly #environment: Record<string, string>;

  private constructor(
    readonly servers: Servers,
    readonly tenant: Simulator<NetskopeState>,
    readonly gate: VendorGate,
  ) {
    this.#environment = {
      DROVER_DATABASE_URL: servers.database.url,
      DROVER_REDIS_URL: servers.redis.url,
      DROVER_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      DROVER_WORKER_CONCURRENCY: '1',
      // What a dead process held waits for so long.
      DROVER_LEASE_SECONDS: '5',
    };
  }

  /** @param zip the bundle to install */
  static async open(zip: string, servers: Servers): Promise<ScaledSite> {
    const tenant = createNetskopeSimulator({ token: TOKEN, lists: LISTS.map((name) => ({ name })) });
    const gate = await VendorGate.open(await tenant.listen());
    const site = new ScaledSite(servers, tenant, gate);
    const account = ['--vendor', 'Netskope', '--set', `baseUrl=${gate.url}`, '--secret-stdin', 'apiV2Token'];
    await site.ask(['plugin', 'install', zip]);
    await site.ask(['objects', 'import', INDICATORS, '--collection', COLLECTION]);
    await site.ask(['connection', 'create', CONNECTION, ...account, '--proxy', 'none'], { stdin: TOKEN });
    return site;
  }

  /** Has the commands that start from here on hear of work through the database in place of Redis. */
  queueInDatabase(): void {
    this.#environment.DROVER_QUEUE = 'postgres';
  }

  /** Starts a command on a machine of its own: with an empty data folder. */
  async start(
    argv: readonly string[],
    { environment = {}, stdin }: { environment?: Record<string, string>; stdin?: string } = {},
  ): Promise<DroverProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'drover-machine-'));
    const built = new BuiltDrover(join(folder, 'data'));
    this.#machines.push({ folder, built });
    const merged = { ...this.#environment, ...environment };
    return built.start(argv, { environment: merged, ...(stdin === undefined ? {} : { stdin }) });
  }

  /** Runs a command that has to succeed, and gives the document that it prints. */
  async ask(argv: readonly string[], { stdin }: { stdin?: string } = {}): Promise<EndedProcess['json']> {
    const child = await this.start([...argv, '--json'], stdin === undefined ? {} : { stdin });
    const ended = await child.ended;
    if (ended.exitCode !== 0) throw new Error(`drover ${argv.join(' ')}: ${ended.stderr}`);
    return ended.json;
  }

  /** The books of the one run that there is. */
  async books(): Promise<PassBooks> {
    const { data } = (await this.ask(['run', 'list'])) as { data: RunView[] };
    const exported = await (await this.start(['run', 'export', data[0]!.id])).ended;
    if (exported.exitCode !== 0) throw new Error(`drover run export: ${exported.stderr}`);
    const lines = exported.stdout.split('\n').filter((line) => line !== '');
    const outcomes = lines.map((line) => JSON.parse(line) as StoredOutcome);
    return { runs: data, outcomes, offered: data[0]!.summary.objects };
  }

  entries(): string[] {
    return this.tenant.state().lists.find(({ name }) => name === LISTS[0])!.urls;
  }

  async close(): Promise<void> {
    for (const { built } of this.#machines) await built.close();
    await this.gate.close();
    await this.tenant.close();
    await this.servers.redis.kill();
    await this.servers.database.remove();
    for (const { folder } of this.#machines) await rm(folder, { recursive: true, force: true });
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
