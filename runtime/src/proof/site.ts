import { chmod, cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Simulator } from '@drover/simulators';
import { BuiltDrover } from '../end-to-end/built-drover.js';
import { CommandLine } from '../end-to-end/command-line.js';
import { VendorGate } from '../end-to-end/vendor-gate.js';
import { packVendor } from './pack-vendor.js';
import { type CollectionName, type SiteSize, TYPES, valuesOf } from './site-collections.js';
import { SECRETS_OF, SiteVendors, VENDOR_NAMES, type VendorName } from './site-vendors.js';

/** A data folder with the bundle of each vendor and the collections, made once and copied for each test. */
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
    for (const vendor of VENDOR_NAMES) await sites.#installBundle(vendor);
    for (const name of Object.keys(TYPES) as CollectionName[]) {
      const file = join(drover.folder, `${name}.txt`);
      await writeFile(file, valuesOf(name, size).join('\n'));
      await drover.json('objects', 'import', file, '--collection', name, ...TYPES[name]);
    }
    return sites;
  }

  /** A copy with a connection `lab` to one of the vendors. */
  async open(vendor: VendorName): Promise<Site> {
    const drover = await openPassable();
    await cp(this.#drover.dataDir, drover.dataDir, { recursive: true });
    const vendors = new SiteVendors(this.#size);
    const gate = await VendorGate.open(await vendors[vendor].listen());
    const site = new Site(drover, { vendor, vendors, gate, size: this.#size });
    await site.connect();
    return site;
  }

  close(): Promise<void> {
    return this.#drover.close();
  }

  /** With small batches, and without rate limits: a pass would wait for seconds. */
  async #installBundle(vendor: VendorName): Promise<void> {
    const zip = await packVendor(this.#drover, vendor, (manifest) => {
      if (manifest.kind === 'action') manifest.limits.batch!.objects = this.#size.batchObjects;
      delete manifest.limits.rateGroups;
      for (const call of manifest.calls) delete call.rateGroup;
    });
    await this.#drover.json('plugin', 'install', zip);
  }
}

/** One data folder with a simulated vendor behind a gate. */
export class Site {
  #built: BuiltDrover | undefined;
  readonly vendors: SiteVendors;
  readonly gate: VendorGate;
  readonly size: SiteSize;
  readonly #vendor: VendorName;

  constructor(
    /** The command line in this process: what is not to die. */
    readonly drover: CommandLine,
    parts: { vendor: VendorName; vendors: SiteVendors; gate: VendorGate; size: SiteSize },
  ) {
    this.#vendor = parts.vendor;
    this.vendors = parts.vendors;
    this.gate = parts.gate;
    this.size = parts.size;
  }

  /** The built command in processes of its own: what dies. */
  get built(): BuiltDrover {
    return (this.#built ??= new BuiltDrover(this.drover.dataDir));
  }

  /** The vendor that the connection leads to. */
  get tenant(): Simulator<unknown> {
    return this.vendors[this.#vendor];
  }

  async connect(): Promise<void> {
    const file = join(this.drover.folder, 'token.txt');
    await writeFile(file, this.vendors.token, { mode: 0o600 });
    const secrets = SECRETS_OF[this.#vendor].flatMap((name) => ['--secret', `${name}=file:${file}`]);
    const account = ['--vendor', this.#vendor, '--set', `baseUrl=${this.gate.url}`, '--proxy', 'none'];
    await this.drover.json('connection', 'create', 'lab', ...account, ...secrets);
  }

  async close(): Promise<void> {
    await this.#built?.close();
    await this.gate.close();
    await this.tenant.close();
    await this.drover.close();
  }
}

/** As root, plugins run as another user, who must be able to reach their code below the data folder. */
async function openPassable(): Promise<CommandLine> {
  const drover = await CommandLine.open();
  await chmod(drover.folder, 0o711);
  return drover;
}
