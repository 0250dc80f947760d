import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCrowdstrikeSimulator, type CrowdstrikeSimulator, makeUsers } from '@drover/simulators';
import { CommandLine } from './command-line.js';
import type { Ground } from './grounds.js';

const PLUGINS = fileURLToPath(new URL('../../../plugins/crowdstrike', import.meta.url));
const CLIENT = { id: 'client-of-the-lab', secret: 'secret-of-the-lab' };
const NO_LIMIT = 1_000_000_000;

export const GRAPHQL = '/identity-protection/combined/graphql/v1';

/** Packs the CrowdStrike bundle once, for all tests of a file. */
export async function packCrowdstrike(): Promise<{ file: string; close(): Promise<void> }> {
  const drover = await CommandLine.open();
  const file = join(drover.folder, 'crowdstrike.zip');
  await drover.json('plugin', 'pack', PLUGINS, '--output', file);
  return { file, close: () => drover.close() };
}

export interface LabOptions {
  /** Users that a pull takes. */
  users: number;
  tokenLifeS?: number;
  latencyMs?: number;
  ground?: Ground;
  /** Of the command line: another database, say. */
  environment?: Record<string, string>;
}

/** A data folder with the bundle installed, a simulated cloud, and the connection `falcon` to it. */
export class CrowdstrikeLab {
  private constructor(
    readonly drover: CommandLine,
    readonly simulator: CrowdstrikeSimulator,
    readonly url: string,
  ) {}

  static async open(
    bundle: string,
    { users, ground, environment, ...options }: LabOptions,
  ): Promise<CrowdstrikeLab> {
    const simulator = createCrowdstrikeSimulator({
      client: CLIENT,
      users: makeUsers(users, Date.now()),
      requestsPerMinute: NO_LIMIT,
      points: { points: NO_LIMIT, perMs: 60_000 },
      ...options,
    });
    const lab = new CrowdstrikeLab(
      await CommandLine.open({ ground, environment }),
      simulator,
      await simulator.listen(),
    );
    await lab.drover.json('plugin', 'install', bundle);
    await lab.connect();
    return lab;
  }

  async connect(): Promise<void> {
    const account = [
      '--vendor',
      'crowdstrike',
      '--set',
      `baseUrl=${this.url}`,
      '--set',
      `clientId=${CLIENT.id}`,
    ];
    const argv = [
      'connection',
      'create',
      'falcon',
      ...account,
      '--proxy',
      'none',
      '--secret-stdin',
      'clientSecret',
    ];
    const { exitCode, stderr } = await this.drover.run(argv, { stdin: `${CLIENT.secret}\n` });
    if (exitCode !== 0) throw new Error(stderr);
  }

  /** First addresses of the users that a pull takes. */
  get addresses(): string[] {
    return this.simulator
      .users()
      .filter(({ archived, emailAddresses }) => !archived && emailAddresses.length > 0)
      .map(({ emailAddresses }) => emailAddresses[0]!);
  }

  /** How many pages of users were asked for. */
  get pages(): number {
    return this.simulator.requests().byRoute[`POST ${GRAPHQL}`]?.requests ?? 0;
  }

  async close(): Promise<void> {
    await this.drover.close();
    await this.simulator.close();
  }
}
