import { join } from 'node:path';
import { chmod, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  createOktaSimulator,
  type OktaSimulatorOptions,
  type OktaState,
  type Simulator,
} from '@drover/simulators';
import { BuiltDrover } from './built-drover.js';
import { CommandLine } from './command-line.js';
import type { Ground } from './grounds.js';
import { VendorGate } from './vendor-gate.js';

const PLUGINS = fileURLToPath(new URL('../../../plugins/okta', import.meta.url));
const TOKEN = 'token-of-the-simulated-org';

/** Packs the Okta bundle once, for all tests of a file. */
export async function packOkta(): Promise<{ file: string; close(): Promise<void> }> {
  const drover = await CommandLine.open();
  const file = join(drover.folder, 'okta.zip');
  await drover.json('plugin', 'pack', PLUGINS, '--output', file);
  return { file, close: () => drover.close() };
}

/** A data folder with the bundle installed and a connection `lab` to a simulated org behind a gate. */
export class OktaLab {
  private constructor(
    readonly drover: CommandLine,
    readonly built: BuiltDrover,
    readonly org: Simulator<OktaState>,
    /** Where the org is without the gate. */
    readonly orgUrl: string,
    readonly gate: VendorGate,
  ) {}

  static async open(
    bundle: string,
    { ground, ...options }: Partial<OktaSimulatorOptions> & { ground?: Ground } = {},
  ): Promise<OktaLab> {
    const drover = await CommandLine.open({ ground });
    // As root, plugins run as another user, who must be able to reach their code below the data folder.
    await chmod(drover.folder, 0o711);
    const org = createOktaSimulator({ token: TOKEN, ...options });
    const orgUrl = await org.listen();
    const gate = await VendorGate.open(orgUrl);
    await drover.json('plugin', 'install', bundle);
    const lab = new OktaLab(drover, BuiltDrover.beside(drover), org, orgUrl, gate);
    await lab.#connect();
    return lab;
  }

  /** Fills the collection `users`. */
  async importUsers(logins: readonly string[]): Promise<void> {
    const file = join(this.drover.folder, 'users.txt');
    await writeFile(file, logins.map((login) => `${login}\n`).join(''));
    await this.drover.json('objects', 'import', file, '--collection', 'users', '--type', 'identity');
  }

  async close(): Promise<void> {
    await this.built.close();
    await this.gate.close();
    await this.org.close();
    await this.drover.close();
  }

  async #connect(): Promise<void> {
    const account = ['--vendor', 'okta', '--set', `baseUrl=${this.gate.url}/`, '--proxy', 'none'];
    const argv = ['connection', 'create', 'lab', ...account, '--secret-stdin', 'apiToken'];
    const created = await this.drover.run(argv, { stdin: `${TOKEN}\n` });
    if (created.exitCode !== 0) throw new Error(created.stderr);
  }
}
