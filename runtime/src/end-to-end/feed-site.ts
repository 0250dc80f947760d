import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { BuiltDrover } from './built-drover.js';
import { CommandLine } from './command-line.js';
import type { Ground } from './grounds.js';

const PLUGIN = 'acme.hosts';

/** A vendor of hosts, 100 a page, that can keep a page to itself. */
export class HostVendor {
  readonly #server: Server;
  /** Pages asked for, in their order. */
  readonly asked: number[] = [];
  pages = 5;
  /** From this page on nobody gets an answer. */
  silentFrom = Infinity;
  status = 200;

  private constructor() {
    this.#server = createServer((request, response) => {
      const page = Number(new URL(request.url!, 'http://127.0.0.1').searchParams.get('page'));
      this.asked.push(page);
      if (page >= this.silentFrom) return;
      const hosts = Array.from({ length: 100 }, (_, n) => `host-${page}-${n}.example.com`);
      response.writeHead(this.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ hosts, next: page + 1 < this.pages ? page + 1 : null }));
    });
  }

  static async open(): Promise<HostVendor> {
    const vendor = new HostVendor();
    await new Promise<void>((resolve) => vendor.#server.listen(0, '127.0.0.1', resolve));
    return vendor;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A data folder with a feed plugin and an action of the vendor installed, and a connection to it. */
export class FeedSite {
  private constructor(
    readonly drover: CommandLine,
    readonly built: BuiltDrover,
    readonly vendor: HostVendor,
  ) {}

  static async open(ground: Ground): Promise<FeedSite> {
    const drover = await CommandLine.open({ ground });
    // As root, plugins run as another user, who must be able to reach their code below the data folder.
    await chmod(drover.folder, 0o711);
    const vendor = await HostVendor.open();
    const source = join(drover.folder, 'acme');
    const zip = join(drover.folder, 'acme.zip');
    for (const [path, text] of Object.entries(VENDOR_FILES)) {
      await mkdir(dirname(join(source, path)), { recursive: true });
      await writeFile(join(source, path), text);
    }
    await drover.json('plugin', 'pack', source, '--output', zip);
    await drover.json('plugin', 'install', zip);
    const site = new FeedSite(drover, BuiltDrover.beside(drover), vendor);
    const account = ['--vendor', 'Acme', '--set', `baseUrl=${vendor.url}`, '--secret-stdin', 'token'];
    const create = ['connection', 'create', 'lab', ...account, '--proxy', 'none'];
    const made = await drover.run(create, { stdin: 'token-of-the-lab' });
    if (made.exitCode !== 0) throw new Error(made.stderr);
    return site;
  }

  /** The arguments that make a feed. */
  create(name = 'hosts', ...more: string[]): string[] {
    const over = ['--plugin', PLUGIN, '--connection', 'lab', '--set', 'site=north'];
    return ['feed', 'create', name, ...over, '--every', '1m', ...more];
  }

  async close(): Promise<void> {
    await this.built.close();
    await this.vendor.close();
    await this.drover.close();
  }
}

/** What both manifests have in common. */
const MANIFEST = {
  version: '1.0.0',
  vendor: 'Acme',
  engines: { drover: '^0.1.0' },
  protocol: 1,
  connection: {
    schema: {
      type: 'object',
      additionalProperties: false,
      required: ['baseUrl', 'token'],
      properties: {
        baseUrl: {
          type: 'string',
          format: 'uri',
          title: 'Base URL',
          description: 'Where the account lives.',
        },
        token: { type: 'string', title: 'Token', description: 'API token.', 'x-secret': true },
      },
    },
    auth: { default: { type: 'header', name: 'authorization', prefix: 'Bearer ', secret: 'token' } },
  },
};

const READ_HOSTS = {
  name: 'readHosts',
  method: 'GET',
  path: '/hosts',
  query: ['page'],
  purpose: 'reading the hosts',
  effect: 'read',
  delivery: 'repeatable',
};

const FEED = {
  ...MANIFEST,
  id: PLUGIN,
  name: 'Acme hosts',
  description: 'Brings hosts.',
  kind: 'feed',
  produces: [{ type: 'indicator', subtypes: ['FQDN'] }],
  emits: [{ name: 'Site', type: 'string', mode: 'replace' }],
  config: {
    type: 'object',
    additionalProperties: false,
    required: ['site'],
    properties: {
      site: { type: 'string', title: 'Site', description: 'Whose hosts.', minLength: 1, maxLength: 50 },
    },
  },
  calls: [READ_HOSTS],
  limits: { batch: { objects: 100 } },
  triggers: ['manual', 'schedule'],
};

const ACTION = {
  ...MANIFEST,
  id: 'acme.tag-host',
  name: 'Acme tag host',
  description: 'Tags hosts.',
  kind: 'action',
  accepts: [{ type: 'indicator', subtypes: ['FQDN'] }],
  config: { type: 'object', additionalProperties: false, properties: {} },
  calls: [{ ...READ_HOSTS, name: 'tagHost', method: 'PUT', effect: 'write', purpose: 'tagging hosts' }],
  limits: { objectsPerRun: { default: 1000, max: 1000 }, batch: { objects: 100 } },
  triggers: ['manual'],
};

const BUNDLE = {
  name: 'acme',
  version: '1.0.0',
  title: 'Acme',
  vendor: 'Acme',
  description: 'Brings and tags hosts.',
  supportTier: 'community',
  license: 'Apache-2.0',
  plugins: ['tag-host', 'hosts'],
};

const VENDOR_FILES: Record<string, string> = {
  'bundle.json': JSON.stringify(BUNDLE),
  'CHANGELOG.md': '# Changelog\n\n## 1.0.0\n\nFirst version.\n',
  LICENSE: 'Apache License 2.0\n',
  'tag-host/plugin.json': JSON.stringify(ACTION),
  'tag-host/package.json': JSON.stringify({
    name: '@example/acme-tag-host',
    version: '1.0.0',
    type: 'module',
  }),
  'tag-host/README.md': '# tag-host\n',
  'tag-host/src/index.ts': `import { defineAction, succeeded } from '@drover/plugin-sdk';

export default defineAction({
  async execute(batch, context) {
    await context.call('tagHost', { json: batch.objects.map(({ value }) => value) });
    return batch.objects.map((object) => succeeded(object));
  },
});
`,
  'hosts/plugin.json': JSON.stringify(FEED),
  'hosts/package.json': JSON.stringify({ name: '@example/acme-hosts', version: '1.0.0', type: 'module' }),
  'hosts/README.md': '# hosts\n',
  'hosts/src/index.ts': `import { defineFeed } from '@drover/plugin-sdk';

export default defineFeed<{ site: string }>({
  async *pull(request, context) {
    let page: number | null = (request.checkpoint as number | undefined) ?? 0;
    while (page !== null) {
      const { body } = await context.call<{ hosts: string[]; next: number | null }>('readHosts', {
        query: { page },
      });
      page = body.next;
      yield {
        objects: body.hosts.map((value) => ({
          type: 'indicator',
          subtype: 'FQDN',
          value,
          attributes: [{ name: 'Site', value: context.config.site }],
        })),
        checkpoint: page ?? 0,
        isComplete: page === null,
      };
    }
  },
});
`,
};
