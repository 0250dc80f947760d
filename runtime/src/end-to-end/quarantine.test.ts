import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { goodPluginManifest, writeVendorFolder } from '@drover/testing';
import { CommandLine } from './command-line.js';
import { describeGrounds } from './describe-grounds.js';

const POISON = 'host33.example.com';

/** Ends its process over one value, if its config says so. */
const CODE = `import { defineAction, succeeded } from '@drover/plugin-sdk';

export default defineAction({
  async execute(batch, context) {
    for (const { value } of batch.objects) {
      if (value !== '${POISON}' || context.config.tag === 'harmless') continue;
      context.log.info('parsing', { value });
      await new Promise((resolve) => setTimeout(resolve, 50));
      process.exit(7);
    }
    return batch.objects.map((object) => succeeded(object));
  },
});
`;

let drover: CommandLine;
describeGrounds((ground) => {
  beforeAll(async () => {
    drover = await CommandLine.open({ ground });
    // As root, plugins run as another user, who must be able to reach their code below the data folder.
    await chmod(drover.folder, 0o711);
    const limits = { objectsPerRun: { default: 1_000, max: 1_000 }, batch: { objects: 25 }, concurrency: 2 };
    const manifest = goodPluginManifest('tag-host', { limits });
    await writeVendorFolder(join(drover.folder, 'acme'), {
      'tag-host/plugin.json': JSON.stringify(manifest),
      'tag-host/src/index.ts': undefined,
      'tag-host/src/index.js': CODE,
    });
    const zip = join(drover.folder, 'acme.zip');
    await drover.json('plugin', 'pack', join(drover.folder, 'acme'), '--output', zip);
    await drover.json('plugin', 'install', zip);
    const account = ['--vendor', 'Acme', '--set', 'baseUrl=http://127.0.0.1:9', '--secret-stdin', 'token'];
    const created = await drover.run(['connection', 'create', 'lab', ...account], { stdin: 'token-of-acme' });
    expect([created.exitCode, created.stderr]).toEqual([0, expect.anything()]);
    const hosts = join(drover.folder, 'hosts.txt');
    await writeFile(hosts, Array.from({ length: 60 }, (_, n) => `host${n}.example.com\n`).join(''));
    await drover.json(
      'objects',
      'import',
      hosts,
      '--type',
      'indicator',
      '--subtype',
      'FQDN',
      '--collection',
      'hosts',
    );
  }, 60_000);
  afterAll(() => drover.close());

  const RUN = ['action', 'run', 'acme.tag-host', '--collection', 'hosts', '--connection', 'lab'];

  async function run(...more: string[]) {
    const { exitCode, json, stderr } = await drover.run([...RUN, ...more, '--json', '--quiet']);
    return { exitCode, counts: (json.run ?? json).summary?.counts, stderr };
  }

  describe('an object that ends its plugin’s process', () => {
    it('is quarantined with its evidence, the rest succeeds, and it comes back when it is redriven', async () => {
      expect(await run()).toMatchObject({ exitCode: 2, counts: { succeeded: 59, failed: 1 } });

      const { data } = await drover.json('quarantine', 'list');
      expect(data).toHaveLength(1);
      const shown = await drover.run(['quarantine', 'show', POISON]);
      expect(shown.stdout).toContain('exit code 7');
      expect(shown.stdout).toMatch(/acme\.tag-host 1\.0\.0/);
      expect(shown.stdout).toContain(`info: parsing {"value":"${POISON}"}`);

      expect(await run()).toMatchObject({ exitCode: 0, counts: { succeeded: 59, skipped: 1 } });
      const wrong = await drover.run(['quarantine', 'redrive', POISON, '--plugin', 'acme.tag-host']);
      expect([wrong.exitCode, wrong.stderr]).toEqual([1, expect.stringContaining('INVALID_ARGUMENT')]);
      expect(await drover.json('quarantine', 'redrive', '--plugin', 'acme.tag-host')).toEqual({
        redriven: 1,
      });
      expect((await drover.run(['quarantine', 'show', POISON])).stderr).toContain('NOT_FOUND');
      expect(await run('--set', 'tag=harmless')).toMatchObject({ exitCode: 0, counts: { succeeded: 60 } });
      expect((await drover.run(['quarantine', 'list'])).stdout).toContain('Nothing is in quarantine.');
    }, 120_000);
  });
});
