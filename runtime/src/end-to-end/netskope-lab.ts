import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { simulators, type StartOptions } from '@drover/simulators';
import { CommandLine } from './command-line.js';
import type { Ground } from './grounds.js';

const PLUGINS = fileURLToPath(new URL('../../../plugins/netskope', import.meta.url));

/** The URL list that the simulator starts with. */
export const LIST = 'Drover Blocklist';

/** Packs the Netskope bundle once, for all tests of a file. */
export async function packNetskope(): Promise<{ file: string; close(): Promise<void> }> {
  const drover = await CommandLine.open();
  const file = join(drover.folder, 'netskope.zip');
  await drover.json('plugin', 'pack', PLUGINS, '--output', file);
  return { file, close: () => drover.close() };
}

/** A data folder with the bundle installed, and a simulated tenant. */
export class NetskopeLab {
  private constructor(
    readonly drover: CommandLine,
    readonly simulator: Awaited<ReturnType<typeof startTenant>>,
  ) {}

  static async open(
    bundle: string,
    { ground, ...tenant }: StartOptions & { ground?: Ground } = {},
  ): Promise<NetskopeLab> {
    const lab = new NetskopeLab(await CommandLine.open({ ground }), await startTenant(tenant));
    await lab.drover.json('plugin', 'install', bundle);
    return lab;
  }

  /** Makes the connection `lab` to the simulated tenant. */
  async connect(): ReturnType<CommandLine['run']> {
    const { url, token } = this.simulator;
    const account = ['--vendor', 'netskope', '--set', `baseUrl=${url}`, '--proxy', 'none'];
    const argv = ['connection', 'create', 'lab', ...account, '--secret-stdin', 'apiV2Token'];
    return this.drover.run(argv, { stdin: `${token}\n` });
  }

  /** Fills the collection `iocs` with so many hosts. */
  async importHosts(hosts: number): Promise<void> {
    const file = join(this.drover.folder, 'hosts.txt');
    await writeFile(file, Array.from({ length: hosts }, (_, n) => `host${n}.example.com\n`).join(''));
    const asHosts = ['--type', 'indicator', '--subtype', 'FQDN'];
    await this.drover.json('objects', 'import', file, '--collection', 'iocs', ...asHosts);
  }

  /** How many URLs the tenant's list holds. */
  async urlsAtVendor(): Promise<number> {
    const reply = await fetch(`${this.simulator.url}/__sim/state`);
    const { lists } = (await reply.json()) as { lists: { name: string; urls: string[] }[] };
    return lists.find(({ name }) => name === LIST)!.urls.length;
  }

  async close(): Promise<void> {
    await this.drover.close();
    await this.simulator.close();
  }
}

export function startTenant(options: StartOptions = {}): ReturnType<typeof simulators.netskope.start> {
  return simulators.netskope.start({ rateLimit: false, ...options });
}
