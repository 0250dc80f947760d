import { chmod, constants, cp, writeFile } from 'node:fs/promises';
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
    const parts = await this.#copy(vendor);
    const site = new Site(parts.drover, parts);
    await site.connect(parts.url);
    return site;
  }

  /** As `open`, with a gate before the vendor. */
  async openGated(vendor: VendorName): Promise<GatedSite> {
    const parts = await this.#copy(vendor);
    const gate = await VendorGate.open(parts.url);
    const site = new GatedSite(parts.drover, { ...parts, gate });
    await site.connect(gate.url);
    return site;
  }

  close(): Promise<void> {
    return this.#drover.close();
  }

  async #copy(vendor: VendorName): Promise<SiteParts & { drover: CommandLine; url: string }> {
    const drover = await openPassable();
    await cp(this.#drover.dataDir, drover.dataDir, { recursive: true, mode: constants.COPYFILE_FICLONE });
    const vendors = new SiteVendors(this.#size);
    return { drover, url: await vendors[vendor].listen(), vendor, vendors, size: this.#size };
  }

  /** With small batches, and without rate limits: a pass would wait for seconds. */
  async #installBundle(vendor: VendorName): Promise<void> {
    const zip = await packVendor(this.#drover, vendor, (manifest) => {
      if (manifest.kind === 'action') manifest.limits.batch!.objects = this.#size.batchObjects;
      manifest.limits.concurrency = this.#size.concurrency ?? manifest.limits.concurrency ?? 1;
      delete manifest.limits.rateGroups;
      for (const call of manifest.calls) delete call.rateGroup;
    });
    await this.#drover.json('plugin', 'install', zip);
  }
}

interface SiteParts {
  vendor: VendorName;
  vendors: SiteVendors;
  size: SiteSize;
}

/** One data folder with a simulated vendor. */
export class Site {
  #built: BuiltDrover | undefined;
  readonly vendors: SiteVendors;
  readonly size: SiteSize;
  readonly #vendor: VendorName;

  constructor(
    /** The command line in this process: what is not to die. */
    readonly drover: CommandLine,
    parts: SiteParts,
  ) {
    this.#vendor = parts.vendor;
    this.vendors = parts.vendors;
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

  async connect(baseUrl: string): Promise<void> {
    const file = join(this.drover.folder, 'token.txt');
    await writeFile(file, this.vendors.token, { mode: 0o600 });
    const secrets = SECRETS_OF[this.#vendor].flatMap((name) => ['--secret', `${name}=file:${file}`]);
    const account = ['--vendor', this.#vendor, '--set', `baseUrl=${baseUrl}`, '--proxy', 'none'];
    await this.drover.json('connection', 'create', 'lab', ...account, ...secrets);
  }

  async close(): Promise<void> {
    await this.#built?.close();
    await this.tenant.close();
    await this.drover.close();
  }
}

/** A site whose requests can be held on their way. */
export class GatedSite extends Site {
  readonly gate: VendorGate;

  constructor(drover: CommandLine, { gate, ...parts }: SiteParts & { gate: VendorGate }) {
    super(drover, parts);
    this.gate = gate;
  }

  override async close(): Promise<void> {
    await super.close();
    await this.gate.close();
  }
}

/** As root, plugins run as another user, who must be able to reach their code below the data folder. */
async function openPassable(): Promise<CommandLine> {
  const drover = await CommandLine.open();
  await chmod(drover.folder, 0o711);
  return drover;
}
