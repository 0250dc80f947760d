import { chmod, cp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createNetskopeSimulator, type NetskopeState, type Simulator } from '@drover/simulators';
import { BuiltDrover } from '../end-to-end/built-drover.js';
import { CommandLine } from '../end-to-end/command-line.js';
import { VendorGate } from '../end-to-end/vendor-gate.js';

const BUNDLE = fileURLToPath(new URL('../../../plugins/netskope', import.meta.url));
const TOKEN = 'token-of-the-simulated-tenant';
const DAY_MS = 86_400_000;

export const LIST = 'Blocked';
export const PROFILE = 'Known bad';

export type CollectionName = 'users' | 'hosts' | 'hashes';

const VALUE_OF: Record<CollectionName, (n: number) => string> = {
  users: (n) => `user${n}@example.com`,
  hosts: (n) => `host${n}.example.com`,
  hashes: (n) => n.toString(16).padStart(32, '0'),
};

const TYPES: Record<CollectionName, string[]> = {
  users: ['--type', 'identity'],
  hosts: ['--type', 'indicator', '--subtype', 'FQDN'],
  hashes: ['--type', 'indicator', '--subtype', 'MD5'],
};

export interface SiteSize {
  /** Objects in each collection. */
  objects: number;
  /** How many of them a call takes. */
  batchObjects: number;
}

/** The score that the simulated tenant has for the n-th user. */
export function scoreOf(n: number): number {
  return 100 + n;
}

/** A data folder with the Netskope bundle and three collections, made once and copied for each test. */
export class Sites {
  readonly #drover: CommandLine;
  readonly #size: SiteSize;

  private constructor(drover: CommandLine, size: SiteSize) {
    this.#drover = drover;
    this.#size = size;
  }

  static async make(size: SiteSize): Promise<Sites> {
    const drover = await openPassable();
    const sites = new Sites(drover, size);
    await sites.#installBundle();
    for (const name of Object.keys(TYPES) as CollectionName[]) {
      const file = join(drover.folder, `${name}.txt`);
      await writeFile(file, valuesOf(name, size).join('\n'));
      await drover.json('objects', 'import', file, '--collection', name, ...TYPES[name]);
    }
    return sites;
  }

  async open(): Promise<Site> {
    const drover = await openPassable();
    await cp(this.#drover.dataDir, drover.dataDir, { recursive: true });
    const now = Date.now();
    const tenant = createNetskopeSimulator({
      token: TOKEN,
      lists: [{ name: LIST }],
      fileProfiles: [{ name: PROFILE }],
      users: valuesOf('users', this.#size).map((userId, n) => ({
        userId,
        scores: [{ start: now - DAY_MS, score: scoreOf(n) }],
      })),
    });
    const gate = await VendorGate.open(await tenant.listen());
    const site = new Site(drover, tenant, gate, this.#size);
    await site.connect();
    return site;
  }

  close(): Promise<void> {
    return this.#drover.close();
  }

  /** With small batches, and without rate limits: a pass would wait for seconds. */
  async #installBundle(): Promise<void> {
    const source = join(this.#drover.folder, 'netskope');
    await cp(BUNDLE, source, {
      recursive: true,
      filter: (path) => !/\/(node_modules|dist)(\/|$)/.test(path),
    });
    for (const folder of await readdir(source)) {
      const file = join(source, folder, 'plugin.json');
      if (!(await stat(file).catch(() => undefined))) continue;
      const manifest = JSON.parse(await readFile(file, 'utf8'));
      if (manifest.kind === 'action') manifest.limits.batch.objects = this.#size.batchObjects;
      delete manifest.limits.rateGroups;
      for (const call of manifest.calls) delete call.rateGroup;
      await writeFile(file, JSON.stringify(manifest));
    }
    const zip = join(this.#drover.folder, 'netskope.zip');
    await this.#drover.json('plugin', 'pack', source, '--output', zip);
    await this.#drover.json('plugin', 'install', zip);
  }
}

/** One data folder with a simulated tenant behind a gate. */
export class Site {
  #built: BuiltDrover | undefined;

  constructor(
    /** The command line in this process: what is not to die. */
    readonly drover: CommandLine,
    readonly tenant: Simulator<NetskopeState>,
    readonly gate: VendorGate,
    readonly size: SiteSize,
  ) {}

  /** The built command in processes of its own: what dies. */
  get built(): BuiltDrover {
    return (this.#built ??= new BuiltDrover(this.drover.dataDir));
  }

  async connect(): Promise<void> {
    const file = join(this.drover.folder, 'token.txt');
    await writeFile(file, TOKEN, { mode: 0o600 });
    const secrets = ['apiV2Token', 'apiV1Token'].flatMap((name) => ['--secret', `${name}=file:${file}`]);
    const account = ['--vendor', 'netskope', '--set', `baseUrl=${this.gate.url}`, '--proxy', 'none'];
    await this.drover.json('connection', 'create', 'lab', ...account, ...secrets);
  }

  async close(): Promise<void> {
    await this.#built?.close();
    await this.gate.close();
    await this.tenant.close();
    await this.drover.close();
  }
}

/** The values of a collection's objects, in their order. */
export function valuesOf(collection: CollectionName, { objects }: SiteSize): string[] {
  return Array.from({ length: objects }, (_, n) => VALUE_OF[collection](n));
}

/** As root, plugins run as another user, who must be able to reach their code below the data folder. */
async function openPassable(): Promise<CommandLine> {
  const drover = await CommandLine.open();
  await chmod(drover.folder, 0o711);
  return drover;
}
