import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Database, openPostgres } from '@drover/store';
import { BuiltDrover, type DroverProcess } from './built-drover.js';
import { CommandLine } from './command-line.js';
import { PAUSED_PLUGINS } from './paused-plugins.js';
import { VendorGate } from './vendor-gate.js';

export const HOSTS = 10;
export const FEED_PAGES = 4;

/** Answers everything well and remembers what it was asked, in order. */
class ListeningVendor {
  readonly requests: string[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.requests.push(`${request.method} ${request.url}`);
      const page = Number(URL.parse(request.url!, 'http://127.0.0.1')?.searchParams.get('page') ?? 0);
      const hosts = Array.from({ length: 10 }, (_, n) => `feed-${page}-${n}.example.com`);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ hosts, next: page + 1 < FEED_PAGES ? page + 1 : null }));
    });
  }

  static async open(): Promise<{ vendor: ListeningVendor; url: string }> {
    const vendor = new ListeningVendor();
    await new Promise<void>((resolve) => vendor.#server.listen(0, '127.0.0.1', resolve));
    return { vendor, url: `http://127.0.0.1:${(vendor.#server.address() as AddressInfo).port}` };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Everything that the work of these plugins leaves in the store. */
export const PAUSED_TABLES = [
  'outcomes',
  'attributes',
  'attribute_history',
  'objects',
  'feed_objects',
  'pulls',
  'pull_log',
  'tasks',
  'events',
  'runs',
] as const;
type PausedTable = (typeof PAUSED_TABLES)[number] | 'journal';

export interface PausedServers {
  database: { url: string; remove(): Promise<void> };
  redisUrl: string;
}

/** Machines over one PostgreSQL and Redis with leases of three seconds, and a vendor behind a gate. */
export class PausedSite {
  readonly #machines: { folder: string; built: BuiltDrover }[] = [];

  private constructor(
    readonly drover: CommandLine,
    readonly database: Database,
    readonly vendor: ListeningVendor,
    readonly gate: VendorGate,
    private readonly removeDatabase: () => Promise<void>,
  ) {}

  static async open({ database, redisUrl }: PausedServers): Promise<PausedSite> {
    const { url, remove } = database;
    const drover = await CommandLine.open({
      environment: {
        DROVER_DATABASE_URL: url,
        DROVER_REDIS_URL: redisUrl,
        DROVER_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
        DROVER_LEASE_SECONDS: '3',
      },
    });
    // As root, plugins run as another user, who must be able to reach their code below the data folder.
    await chmod(drover.folder, 0o711);
    const { vendor, url: vendorUrl } = await ListeningVendor.open();
    const gate = await VendorGate.open(vendorUrl);
    const site = new PausedSite(drover, openPostgres(url), vendor, gate, remove);
    await site.#install();
    return site;
  }

  async #install(): Promise<void> {
    const { drover, gate } = this;
    const [source, zip] = [join(drover.folder, 'acme'), join(drover.folder, 'acme.zip')];
    for (const [path, text] of Object.entries(PAUSED_PLUGINS)) {
      await mkdir(dirname(join(source, path)), { recursive: true });
      await writeFile(join(source, path), text);
    }
    await drover.json('plugin', 'pack', source, '--output', zip);
    await drover.json('plugin', 'install', zip);
    const account = ['--vendor', 'Acme', '--set', `baseUrl=${gate.url}`, '--secret-stdin', 'token'];
    const create = ['connection', 'create', 'lab', ...account, '--proxy', 'none'];
    const created = await drover.run(create, { stdin: 'token-of-the-lab' });
    if (created.exitCode !== 0) throw new Error(created.stderr);
    const file = join(drover.folder, 'hosts.txt');
    await writeFile(file, Array.from({ length: HOSTS }, (_, n) => `host${n}.example.com\n`).join(''));
    const asHosts = ['--type', 'indicator', '--subtype', 'FQDN', '--collection', 'hosts'];
    await drover.json('objects', 'import', file, ...asHosts);
  }

  /** Starts a command on a machine of its own. */
  async start(...argv: string[]): Promise<DroverProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'drover-machine-'));
    const built = new BuiltDrover(join(folder, 'data'));
    this.#machines.push({ folder, built });
    return built.start(argv, { environment: this.drover.environment });
  }

  /** All rows of a table as they are committed, in no order. */
  rows(table: PausedTable): Promise<Record<string, unknown>[]> {
    return this.database.kysely
      .selectFrom(table as 'outcomes')
      .selectAll()
      .execute();
  }

  /** How often the vendor was asked this. */
  asked(what: string): number {
    return this.vendor.requests.filter((request) => request === what).length;
  }

  async close(): Promise<void> {
    for (const { built } of this.#machines) await built.close();
    await this.gate.close();
    await this.vendor.close();
    await this.database.close();
    await this.drover.close();
    await this.removeDatabase();
    for (const { folder } of this.#machines) await rm(folder, { recursive: true, force: true });
  }
}
