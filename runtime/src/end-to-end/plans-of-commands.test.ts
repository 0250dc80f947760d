import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PluginManifest } from '@drover/model';
import type { StartedSimulator } from '@drover/simulators';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CommandLine } from './command-line.js';
import { PLAN_SCENARIOS } from './plan-scenarios.js';

const PLUGINS = fileURLToPath(new URL('../../../plugins/', import.meta.url));

type Input = Record<string, unknown>;
type MakesInput = (simulator: StartedSimulator) => Promise<Input>;

/** By command and call that writes: an input with which that call is the first. */
const INPUTS: Record<string, Input | MakesInput> = {
  'netskope.allow-anomaly allowAnomaly': async (simulator) => ({
    anomalyId: await impactOn(simulator),
    reason: 'A false alarm.',
  }),
  'netskope.scim-create-group createScimGroup': { displayName: 'New', userNames: ['grace@example.com'] },
  'netskope.scim-create-user createScimUser': { userName: 'new@example.com' },
  'netskope.scim-patch-group patchScimGroup': { displayName: 'Watched', operation: 'replace', members: [] },
  'palo-alto-saas-security.asset-remediate remediateAsset': {
    asset_id: 'asset1',
    remediation_type: 'Quarantine',
  },
  'palo-alto-saas-security.asset-remediate removePublicSharing': {
    asset_id: 'asset1',
    remediation_type: 'Remove public sharing',
  },
  'palo-alto-saas-security.incident-state-update closeIncident': { id: '1', category: 'No Reason' },
};

/** Makes an impact past the plugins, and gives the id of its anomaly. */
async function impactOn({ url, token }: StartedSimulator): Promise<string> {
  const impact = {
    user: 'ada@example.com',
    score: 25,
    timestamp: Date.now(),
    source: 'test',
    reason: 'test',
  };
  const reply = await fetch(`${url}/api/v2/incidents/user/uciimpact`, {
    method: 'POST',
    headers: { 'netskope-api-token': token, 'content-type': 'application/json' },
    body: JSON.stringify(impact),
  });
  return ((await reply.json()) as { anomalyId: string }).anomalyId;
}

interface WritingCall {
  id: string;
  call: PluginManifest['calls'][number];
}

/** The calls that write, of each command of a bundle that is shipped. */
function writingCallsOf(vendor: string): WritingCall[] {
  const { plugins } = readJson(vendor, 'bundle.json') as { plugins: string[] };
  return plugins
    .map((plugin) => readJson(vendor, plugin, 'plugin.json') as PluginManifest)
    .filter(({ kind }) => kind === 'command')
    .flatMap(({ id, calls }) => calls.map((call) => ({ id, call })))
    .filter(({ call }) => call.effect !== 'read');
}

function readJson(...path: string[]): unknown {
  return JSON.parse(readFileSync(join(PLUGINS, ...path), 'utf8'));
}

const VENDORS = readdirSync(PLUGINS, { recursive: true, encoding: 'utf8' })
  .flatMap((file) => /^([^/]+)\/bundle\.json$/.exec(file)?.[1] ?? [])
  .map((vendor) => ({ vendor, writes: writingCallsOf(vendor) }))
  .filter(({ writes }) => writes.length > 0);

it('each call of a command that writes has an input', () => {
  const names = VENDORS.flatMap(({ writes }) => writes.map(({ id, call }) => `${id} ${call.name}`));
  expect(Object.keys(INPUTS).toSorted()).toEqual(names.toSorted());
});

describe.each(VENDORS)('plans of commands of $vendor', ({ vendor, writes }) => {
  const { start, connection } = PLAN_SCENARIOS[vendor]!;
  let drover: CommandLine;
  let simulator: StartedSimulator;

  beforeAll(async () => {
    drover = await CommandLine.open();
    simulator = await start({ rateLimit: false });
    const bundle = join(drover.folder, 'bundle.zip');
    await drover.json('plugin', 'pack', join(PLUGINS, vendor), '--output', bundle);
    await drover.json('plugin', 'install', bundle);
    const create = ['connection', 'create', 'lab', '--proxy', 'none', ...connection(simulator)];
    const { exitCode, stderr } = await drover.run(create, { stdin: `${simulator.token}\n` });
    if (exitCode !== 0) throw new Error(stderr);
  }, 60_000);
  afterAll(async () => {
    await drover.close();
    await simulator.close();
  });

  async function simulated(what: 'state' | 'requests'): Promise<object> {
    return (await (await fetch(`${simulator.url}/__sim/${what}`)).json()) as object;
  }

  /** What the vendor holds. Tokens are no part of it: a plan signs in as well. */
  async function held(): Promise<object> {
    return { ...(await simulated('state')), tokens: undefined, tokensMinted: undefined };
  }

  /** Requests so far that are calls like this one. */
  async function sent({ method, path }: WritingCall['call']): Promise<string[]> {
    const { recent } = (await simulated('requests')) as { recent: { method: string; path: string }[] };
    const pattern = new RegExp(`^${method} ${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}(\\?|$)`);
    return recent.map((request) => `${request.method} ${request.path}`).filter((one) => pattern.test(one));
  }

  it.each(writes)('$id shows $call.name, and no write reaches the vendor', async ({ id, call }) => {
    const scenario = INPUTS[`${id} ${call.name}`]!;
    const input = typeof scenario === 'function' ? await scenario(simulator) : scenario;
    const before = await held();
    const run = ['command', 'run', id, '--connection', 'lab', '--input', JSON.stringify(input)];
    const { planned } = await drover.json(...run, '--plan');
    expect(planned).toMatchObject({ call: call.name, effect: call.effect, method: call.method });
    expect(JSON.stringify(planned)).not.toContain(simulator.token);
    for (const one of writes) expect(await sent(one.call)).toEqual([]);
    expect(await held()).toEqual(before);
    const { data } = await drover.json('command', 'history', '--command', id);
    expect(data[0]).toMatchObject({ mode: 'plan', status: 'succeeded', vendorWrites: 0 });
  });
});
