import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PluginManifest } from '@drover/model';
import type { StartedSimulator } from '@drover/simulators';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CommandLine } from './command-line.js';
import { describeGrounds } from './describe-grounds.js';
import { PLAN_SCENARIOS, type PlanScenario } from './plan-scenarios.js';

const PLUGINS = fileURLToPath(new URL('../../../plugins/', import.meta.url));

function readJson(...path: string[]): unknown {
  return JSON.parse(readFileSync(join(PLUGINS, ...path), 'utf8'));
}

/** The actions of each bundle that is shipped. */
function actionsOf(vendor: string): PluginManifest[] {
  const { plugins } = readJson(vendor, 'bundle.json') as { plugins: string[] };
  const manifests = plugins.map((plugin) => readJson(vendor, plugin, 'plugin.json') as PluginManifest);
  return manifests.filter(({ kind }) => kind === 'action');
}

const VENDORS = readdirSync(PLUGINS, { recursive: true, encoding: 'utf8' }).flatMap(
  (file) => /^([^/]+)\/bundle\.json$/.exec(file)?.[1] ?? [],
);

it('each vendor and each of its actions has a scenario', () => {
  const missing = VENDORS.flatMap((vendor) =>
    actionsOf(vendor)
      .map(({ id }) => id)
      .filter((id) => PLAN_SCENARIOS[vendor]?.plugins[id] === undefined),
  );
  expect(missing).toEqual([]);
});

describeGrounds((ground) => {
  describe.each(VENDORS.filter((vendor) => PLAN_SCENARIOS[vendor] !== undefined))('plans of %s', (vendor) => {
    const scenarios = PLAN_SCENARIOS[vendor]!;
    let drover: CommandLine;
    let simulator: StartedSimulator;

    beforeAll(async () => {
      drover = await CommandLine.open({ ground });
      simulator = await scenarios.start({ rateLimit: false });
      const bundle = join(drover.folder, 'bundle.zip');
      await drover.json('plugin', 'pack', join(PLUGINS, vendor), '--output', bundle);
      await drover.json('plugin', 'install', bundle);
      const create = ['connection', 'create', 'lab', '--proxy', 'none', ...scenarios.connection(simulator)];
      const { exitCode, stderr } = await drover.run(create, { stdin: `${simulator.token}\n` });
      if (exitCode !== 0) throw new Error(stderr);
    }, 60_000);
    afterAll(async () => {
      await drover.close();
      await simulator.close();
    });

    async function importObjects({ values, type, subtype }: PlanScenario, collection: string): Promise<void> {
      const file = join(drover.folder, 'values.txt');
      await writeFile(file, values.map((value) => `${value}\n`).join(''));
      const as = ['--type', type, ...(subtype === undefined ? [] : ['--subtype', subtype])];
      await drover.json('objects', 'import', file, '--collection', collection, ...as);
    }

    async function simulated(what: 'state' | 'requests'): Promise<unknown> {
      return (await fetch(`${simulator.url}/__sim/${what}`)).json();
    }

    /** What the vendor holds. Tokens are no part of it: a plan signs in as well. */
    async function held(): Promise<object> {
      return { ...((await simulated('state')) as object), tokens: undefined, tokensMinted: undefined };
    }

    /** Of the requests so far, those that calls which write make. */
    async function writesTo({ calls }: PluginManifest): Promise<string[]> {
      const { recent } = (await simulated('requests')) as { recent: { method: string; path: string }[] };
      const writing = calls
        .filter(({ effect }) => effect !== 'read')
        .map(({ method, path }) => new RegExp(`^${method} ${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}(\\?|$)`));
      const sent = recent.map(({ method, path }) => `${method} ${path}`);
      return sent.filter((request) => writing.some((pattern) => pattern.test(request)));
    }

    it.each(actionsOf(vendor))('$id: no write reaches the vendor, nothing is stored', async (manifest) => {
      const scenario = scenarios.plugins[manifest.id]!;
      const collection = manifest.id.replaceAll('.', '-');
      await importObjects(scenario, collection);
      const objects = await drover.run(['objects', 'export']);
      const before = await held();
      const run = ['action', 'run', manifest.id, '--collection', collection, '--connection', 'lab'];
      const config = JSON.stringify(scenario.config ?? {});
      const planned = await drover.run([...run, '--config', config, '--plan', '--json']);
      const { exitCode, json, stderr } = planned;
      expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(await writesTo(manifest)).toEqual([]);
      expect(await held()).toEqual(before);
      expect((await drover.run(['objects', 'export'])).stdout).toBe(objects.stdout);
      const { calls, sets } = json.plan as {
        calls: { hook: string; method: string; call: string; requests: number }[];
        sets: { name: string }[];
      };
      expect(calls.map((one) => `${one.hook} ${one.method} ${one.call} ${one.requests}`)).toEqual(
        scenario.shows,
      );
      expect(sets.map(({ name }) => name)).toEqual(scenario.sets ?? []);
      expect(JSON.stringify(json)).not.toContain(simulator.token);
      expect(json).toMatchObject({
        mode: 'plan',
        status: 'succeeded',
        summary: { objects: scenario.values.length, objectsWritten: 0 },
      });
    });
  });
});
