import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createSaasSecuritySimulator,
  type SaasSecuritySimulator,
  type SaasSecuritySimulatorOptions,
} from '@drover/simulators';
import { BuiltDrover } from './built-drover.js';
import { CommandLine, type CommandOutcome } from './command-line.js';
import type { Ground } from './grounds.js';

const PLUGINS = fileURLToPath(new URL('../../../plugins/palo-alto-saas-security', import.meta.url));
const CLIENT = { clientId: 'client-of-the-lab', clientSecret: 'secret-of-the-lab' };
const VENDOR = 'palo-alto-saas-security';

/** Packs the SaaS Security bundle once, for all tests of a file. */
export async function packSaasSecurity(): Promise<{ file: string; close(): Promise<void> }> {
  const drover = await CommandLine.open();
  const file = join(drover.folder, 'saas.zip');
  await drover.json('plugin', 'pack', PLUGINS, '--output', file);
  return { file, close: () => drover.close() };
}

/** A data folder with the bundle installed, a simulated tenant, and the connection `saas` to it. */
export class SaasSecurityLab {
  private constructor(
    readonly drover: CommandLine,
    readonly built: BuiltDrover,
    readonly tenant: SaasSecuritySimulator,
    readonly url: string,
  ) {}

  static async open(
    bundle: string,
    { ground, ...options }: Partial<SaasSecuritySimulatorOptions> & { ground?: Ground },
  ): Promise<SaasSecurityLab> {
    const drover = await CommandLine.open({ ground });
    // As root, plugins run as another user, who must be able to reach their code below the data folder.
    await chmod(drover.folder, 0o711);
    const tenant = createSaasSecuritySimulator({ ...CLIENT, ...options });
    const lab = new SaasSecurityLab(drover, BuiltDrover.beside(drover), tenant, await tenant.listen());
    await drover.json('plugin', 'install', bundle);
    await lab.#connect();
    return lab;
  }

  /** The feed `incidents`, over ten incidents a page. Unless told otherwise it mirrors in, and closes what the vendor closes. */
  async createFeed(config: object = {}, mirror = ['--mirror', 'in', '--close-mirrored']): Promise<void> {
    const feed = [
      'feed',
      'create',
      'incidents',
      '--plugin',
      `${VENDOR}.fetch-incidents`,
      '--connection',
      'saas',
    ];
    const json = JSON.stringify({ firstFetch: '7 days', pageSize: 10, ...config });
    await this.drover.json(...feed, '--every', '15m', '--config', json, ...mirror);
  }

  /** Runs the feed. */
  pull() {
    return this.drover.json('feed', 'run', 'incidents');
  }

  command(name: string, input: object, ...more: string[]): Promise<CommandOutcome> {
    const what = ['command', 'run', `${VENDOR}.${name}`, '--connection', 'saas'];
    return this.drover.run([...what, '--input', JSON.stringify(input), ...more]);
  }

  /** The command line of an action over the feed's incidents. */
  static action(name: string, ...more: string[]): string[] {
    const what = ['action', 'run', `${VENDOR}.${name}`, '--collection', 'incidents', '--connection', 'saas'];
    return [...what, ...more];
  }

  /** Attributes and status of an incident of the library. */
  async incident(id: number): Promise<{ status: string; attributes: Record<string, unknown> }> {
    const { data } = await this.drover.json(
      'objects',
      'list',
      '--collection',
      'incidents',
      '--limit',
      '1000',
    );
    const found = (data as { id: string; value: string }[]).find(({ value }) => value === `example/${id}`);
    const { status, attributes } = await this.drover.json('objects', 'show', found!.id);
    const entries = (attributes as { name: string; value: unknown }[]).map(({ name, value }) => [
      name,
      value,
    ]);
    return { status, attributes: Object.fromEntries(entries) };
  }

  async close(): Promise<void> {
    await this.built.close();
    await this.tenant.close();
    await this.drover.close();
  }

  async #connect(): Promise<void> {
    const account = [
      '--set',
      `baseUrl=${this.url}/`,
      '--set',
      `clientId=${CLIENT.clientId}`,
      '--proxy',
      'none',
    ];
    const vendor = ['--vendor', 'Palo Alto SaaS Security'];
    const argv = ['connection', 'create', 'saas', ...vendor, ...account, '--secret-stdin', 'clientSecret'];
    const created = await this.drover.run(argv, { stdin: `${CLIENT.clientSecret}\n` });
    if (created.exitCode !== 0) throw new Error(created.stderr);
  }
}
