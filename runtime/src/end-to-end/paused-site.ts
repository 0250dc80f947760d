import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openPostgres } from '@drover/store';
import {
  freshRedisUrl,
  goodBundleManifest,
  goodPluginManifest,
  makeEmptyPostgres,
  writeVendorFolder,
} from '@drover/testing';
import { BuiltDrover, type DroverProcess } from './built-drover.js';
import { CommandLine } from './command-line.js';
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

  static async open(): Promise<PausedSite> {
    const { url, remove } = await makeEmptyPostgres();
    const drover = await CommandLine.open({
      environment: {
        DROVER_DATABASE_URL: url,
        DROVER_REDIS_URL: await freshRedisUrl(),
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
    await writeVendorFolder(source, FILES);
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

  /** Rows of the database, as they are committed. */
  async rows(query: string): Promise<Record<string, unknown>[]> {
    const { CompiledQuery } = await import('kysely');
    const { rows } = await this.database.kysely.executeQuery(CompiledQuery.raw(query));
    return rows as Record<string, unknown>[];
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

const READ = { method: 'GET', purpose: 'reading', effect: 'read', delivery: 'repeatable' } as const;
const LIMITS = { objectsPerRun: { default: 100, max: 100 }, batch: { objects: HOSTS } };
const LIST = { type: 'string', title: 'List', description: 'Which list.', maxLength: 20, default: 'a' };
const CONFIG = { type: 'object', additionalProperties: false, properties: { list: LIST } };

const FILES: Record<string, string | undefined> = {
  'bundle.json': JSON.stringify(goodBundleManifest({ plugins: ['tag-host', 'charge-host', 'hosts'] })),
  'tag-host/plugin.json': JSON.stringify(
    goodPluginManifest('tag-host', {
      config: CONFIG,
      emits: [{ name: 'Tag', type: 'string', mode: 'replace' }],
      calls: [
        { ...READ, name: 'look', path: '/look/{list}' },
        { ...READ, name: 'tag', path: '/tags/{list}', method: 'PUT', effect: 'write', purpose: 'tagging' },
      ],
      limits: LIMITS,
    }),
  ),
  'tag-host/src/index.ts': undefined,
  'tag-host/src/index.js': `import { defineAction, succeeded } from '@drover/plugin-sdk';

export default defineAction({
  async execute(batch, context) {
    const params = { list: context.config.list };
    await context.call('look', { params });
    context.log.info('looked', params);
    await context.call('tag', { params, json: batch.objects.map(({ value }) => value) });
    const attributes = [{ name: 'Tag', value: params.list }];
    return batch.objects.map((object) => succeeded(object, { writeBack: { attributes } }));
  },
});
`,
  'charge-host/plugin.json': JSON.stringify(
    goodPluginManifest('charge-host', {
      config: { type: 'object', additionalProperties: false, properties: {} },
      calls: [
        {
          ...READ,
          name: 'charge',
          path: '/charges/{host}',
          method: 'POST',
          effect: 'write',
          delivery: 'once',
          purpose: 'charging',
        },
      ],
      limits: { ...LIMITS, concurrency: 2 },
    }),
  ),
  'charge-host/package.json': JSON.stringify({ name: '@example/charge', version: '1.0.0', type: 'module' }),
  'charge-host/README.md': '# charge-host\n',
  'charge-host/src/index.js': `import { defineAction, succeeded } from '@drover/plugin-sdk';

export default defineAction({
  async executeOne(object, context) {
    await context.call('charge', { params: { host: object.value }, covers: [object.id] });
    return succeeded(object);
  },
});
`,
  'hosts/plugin.json': JSON.stringify({
    ...goodPluginManifest('hosts', {
      kind: 'feed',
      produces: [{ type: 'indicator', subtypes: ['FQDN'] }],
      config: { type: 'object', additionalProperties: false, properties: {} },
      calls: [{ ...READ, name: 'readHosts', path: '/hosts', query: ['page'] }],
      limits: { batch: { objects: 100 } },
      triggers: ['manual', 'schedule'],
    } as never),
    accepts: undefined,
  }),
  'hosts/package.json': JSON.stringify({ name: '@example/hosts', version: '1.0.0', type: 'module' }),
  'hosts/README.md': '# hosts\n',
  'hosts/src/index.js': `import { defineFeed } from '@drover/plugin-sdk';

export default defineFeed({
  async *pull(request, context) {
    let page = request.checkpoint ?? 0;
    while (page !== null) {
      const { body } = await context.call('readHosts', { query: { page } });
      page = body.next;
      yield {
        objects: body.hosts.map((value) => ({ type: 'indicator', subtype: 'FQDN', value })),
        checkpoint: page ?? 0,
        isComplete: page === null,
      };
    }
  },
});
`,
};
