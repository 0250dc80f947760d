import { chmod, cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createNetskopeSimulator, type NetskopeState, type Simulator } from '@drover/simulators';
import { copySources } from './copy-sources.js';
import { BuiltDrover } from './built-drover.js';
import { CommandLine } from './command-line.js';
import { type Ground, ONE_PROCESS } from './grounds.js';
import { VendorGate } from './vendor-gate.js';

const BUNDLE = fileURLToPath(new URL('../../../plugins/netskope', import.meta.url));
const INDICATORS = fileURLToPath(new URL('../../../examples/threat-labs-iocs.csv', import.meta.url));

/** The action by its text id: its number depends on what else the bundle has. */
export const ACTION = 'netskope.manage-url-list';
export const COLLECTION = 'iocs';
export const CONNECTION = 'lab';
export const LISTS = ['Blocked', 'Watched'] as const;
export const TOKEN = 'token-of-the-simulated-tenant';

/** Runs the action over everything of a collection at once. */
export function runAll({ collection = COLLECTION, list = LISTS[0] as string } = {}): string[] {
  const over = ['--collection', collection, '--connection', CONNECTION];
  return ['action', 'run', ACTION, ...over, '--set', `urlListName=${list}`, '--objects-per-run', '10000'];
}

export const RUN_ALL = runAll();

function toNext(text: string): string {
  return text.replace('"version": "1.0.0"', '"version": "1.1.0"');
}

async function change(file: string, how: (text: string) => string): Promise<void> {
  await writeFile(file, how(await readFile(file, 'utf8')));
}

/**
 * A data folder with the Netskope bundle and the indicators of the examples, made once and copied for each test that has its
 * database in there.
 */
export class SiteTemplate {
  readonly #drover: CommandLine;

  private constructor(drover: CommandLine) {
    this.#drover = drover;
  }

  /** The bundle's folder. */
  get source(): string {
    return join(this.#drover.folder, 'netskope');
  }

  /** What was packed of it. */
  get zip(): string {
    return join(this.#drover.folder, 'netskope.zip');
  }

  /**
   * @param options.batchObjects how many objects a call takes, in the place of the manifest's number, so that a run over
   * a few thousand has several batches
   */
  static async make({ batchObjects }: { batchObjects: number }): Promise<SiteTemplate> {
    const drover = await openPassable();
    const template = new SiteTemplate(drover);
    await copySources(BUNDLE, template.source);
    const file = join(template.source, 'manage-url-list', 'plugin.json');
    const manifest = JSON.parse(await readFile(file, 'utf8'));
    manifest.limits.batch.objects = batchObjects;
    delete manifest.limits.rateGroups;
    for (const call of manifest.calls) delete call.rateGroup;
    await writeFile(file, JSON.stringify(manifest));
    await drover.json('plugin', 'pack', template.source, '--output', template.zip);
    await template.#furnish(drover);
    return template;
  }

  /**
   * Packs a later version of it, whose code and manifest know a call by another name than those in force: neither works with
   * the other's. Its batches take what the published ones do.
   */
  async packNext(): Promise<string> {
    const source = join(this.#drover.folder, 'next', 'netskope');
    await copySources(BUNDLE, source);
    await change(join(source, 'bundle.json'), toNext);
    await change(join(source, 'CHANGELOG.md'), (text) =>
      text.replace('\n## ', '\n## 1.1.0\n\n- Next.\n\n## '),
    );
    const plugin = join(source, 'manage-url-list');
    for (const file of ['plugin.json', 'package.json']) await change(join(plugin, file), toNext);
    for (const file of [join(plugin, 'plugin.json'), join(source, 'client', 'src', 'url-lists.ts')])
      await change(file, (text) => text.replaceAll(/(["'])appendUrls\1/g, '$1addUrls$1'));
    const zip = join(this.#drover.folder, 'next.zip');
    await this.#drover.json('plugin', 'pack', source, '--output', zip);
    return zip;
  }

  async open({
    token = TOKEN,
    ground = ONE_PROCESS,
  }: { token?: string; ground?: Ground } = {}): Promise<TenantSite> {
    const drover = await openPassable(ground);
    if (ground === ONE_PROCESS) await cp(this.#drover.dataDir, drover.dataDir, { recursive: true });
    else await this.#furnish(drover);
    const tenant = createNetskopeSimulator({ token, lists: LISTS.map((name) => ({ name })) });
    const gate = await VendorGate.open(await tenant.listen());
    const site = new TenantSite(drover, BuiltDrover.beside(drover), tenant, gate);
    const account = ['--vendor', 'Netskope', '--set', `baseUrl=${gate.url}`, '--secret-stdin', 'apiV2Token'];
    const create = ['connection', 'create', CONNECTION, ...account, '--proxy', 'none'];
    const created = await drover.run(create, { stdin: token });
    if (created.exitCode !== 0) throw new Error(created.stderr);
    return site;
  }

  close(): Promise<void> {
    return this.#drover.close();
  }

  async #furnish(drover: CommandLine): Promise<void> {
    await drover.json('plugin', 'install', this.zip);
    await drover.json('objects', 'import', INDICATORS, '--collection', COLLECTION);
  }
}

/** A data folder, the built command over it, and a simulated tenant behind a gate. */
export class TenantSite {
  constructor(
    /** The command line in this process, for what is not the point of a test. */
    readonly drover: CommandLine,
    readonly built: BuiltDrover,
    readonly tenant: Simulator<NetskopeState>,
    readonly gate: VendorGate,
  ) {}

  /** What the tenant's list holds, as last edited. */
  entries(list: string = LISTS[0]): string[] {
    return this.tenant.state().lists.find(({ name }) => name === list)!.urls;
  }

  async close(): Promise<void> {
    await this.built.close();
    await this.gate.close();
    await this.tenant.close();
    await this.drover.close();
  }
}

/** As root, plugins run as another user, who must be able to reach their code below the data folder. */
async function openPassable(ground?: Ground): Promise<CommandLine> {
  const drover = await CommandLine.open({ ground });
  await chmod(drover.folder, 0o711);
  return drover;
}
