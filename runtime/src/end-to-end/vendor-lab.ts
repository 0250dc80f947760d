import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { simulators, type StartedSimulator } from '@drover/simulators';
import { CommandLine } from './command-line.js';

const PLUGINS = fileURLToPath(new URL('../../../plugins/', import.meta.url));

/** The field of a vendor's connection that takes the simulator's token: one line for every vendor that there is. */
const SECRETS: Record<string, string> = { netskope: 'apiV2Token', okta: 'apiToken' };

/** A data folder with a vendor's bundle installed, and a connection `lab` to its simulator. */
export class VendorLab {
  private constructor(
    readonly drover: CommandLine,
    readonly simulator: StartedSimulator,
  ) {}

  static async open(vendor: string): Promise<VendorLab> {
    const simulated = Object.entries(simulators).find(([name]) => name === vendor);
    const secret = SECRETS[vendor];
    if (simulated === undefined || secret === undefined) throw new Error(`There is no lab of ${vendor}.`);
    const drover = await CommandLine.open();
    const simulator = await simulated[1].start({ rateLimit: false });
    const bundle = join(drover.folder, `${vendor}.zip`);
    await drover.json('plugin', 'pack', join(PLUGINS, vendor), '--output', bundle);
    await drover.json('plugin', 'install', bundle);
    const account = ['--vendor', vendor, '--set', `baseUrl=${simulator.url}`, '--proxy', 'none'];
    const create = ['connection', 'create', 'lab', ...account, '--secret-stdin', secret];
    const created = await drover.run(create, { stdin: `${simulator.token}\n` });
    if (created.exitCode !== 0) throw new Error(created.stderr);
    return new VendorLab(drover, simulator);
  }

  /** Fills the collection `objects`. */
  async importValues(values: readonly string[], as: { type: string; subtype?: string }): Promise<void> {
    const file = join(this.drover.folder, 'values.txt');
    await writeFile(file, values.map((value) => `${value}\n`).join(''));
    const kind = ['--type', as.type, ...(as.subtype === undefined ? [] : ['--subtype', as.subtype])];
    await this.drover.json('objects', 'import', file, '--collection', 'objects', ...kind);
  }

  async simulated(what: 'state' | 'requests'): Promise<unknown> {
    return (await fetch(`${this.simulator.url}/__sim/${what}`)).json();
  }

  async close(): Promise<void> {
    await this.drover.close();
    await this.simulator.close();
  }
}
