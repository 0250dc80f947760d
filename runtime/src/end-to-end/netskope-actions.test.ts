import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CommandLine } from './command-line.js';
import { NetskopeLab, packNetskope } from './netskope-lab.js';
import { describeGrounds } from './describe-grounds.js';

let bundle: Awaited<ReturnType<typeof packNetskope>>;
let lab: NetskopeLab;
let drover: CommandLine;

beforeAll(async () => {
  bundle = await packNetskope();
}, 60_000);
afterAll(() => bundle.close());
describeGrounds((ground) => {
  beforeEach(async () => {
    lab = await NetskopeLab.open(bundle.file, { ground });
    ({ drover } = lab);
    await lab.connect();
  });
  afterEach(() => lab.close());

  async function importLines(lines: readonly string[], ...as: string[]): Promise<void> {
    const file = join(drover.folder, 'values.txt');
    await writeFile(file, lines.map((line) => `${line}\n`).join(''));
    await drover.json('objects', 'import', file, '--collection', 'them', ...as);
  }

  it('an action that can be undone names the plugin that does it', async () => {
    const show = (action: string) => drover.run(['action', 'show', `netskope.${action}`]);
    expect((await show('create-user-confidence-index-impact')).stdout).toMatch(
      /^undone by +netskope\.allow-anomaly: Allows the anomaly of an impact/m,
    );
    expect((await show('manage-url-list')).stdout).not.toContain('undone by');
  });

  describe('Export File Profile Hashes', () => {
    const RUN = ['action', 'run', 'netskope.export-file-profile-hashes', '--collection', 'them'];
    const HASHES = Array.from({ length: 3_000 }, (_, n) => n.toString(16).padStart(64, '0'));

    function exportTo(profile: string): ReturnType<CommandLine['run']> {
      return drover.run([...RUN, '--connection', 'lab', '--set', `fileProfileName=${profile}`, '--json']);
    }

    async function profiles(): Promise<Record<string, { hashes: string[]; updates: number }>> {
      const reply = await fetch(`${lab.simulator.url}/__sim/state`);
      const { fileProfiles } = (await reply.json()) as {
        fileProfiles: { name: string; hashes: string[]; updates: number }[];
      };
      return Object.fromEntries(fileProfiles.map((profile) => [profile.name, profile]));
    }

    beforeEach(async () => {
      const secret = ['connection', 'update', 'lab', '--secret-stdin', 'apiV1Token'];
      const { exitCode } = await drover.run(secret, { stdin: `${lab.simulator.token}-v1` });
      expect(exitCode).toBe(0);
      await importLines(HASHES, '--type', 'indicator', '--subtype', 'SHA-256');
    });

    it('streams the list beside the token, and the same list again changes nothing', async () => {
      expect((await exportTo('Drover Hashes')).json).toMatchObject({
        status: 'succeeded',
        summary: { counts: { succeeded: 3_000 }, vendorCalls: 1 },
      });
      expect((await profiles())['Drover Hashes']).toMatchObject({ hashes: HASHES, updates: 1 });
      expect((await exportTo('Drover Hashes')).json).toMatchObject({
        summary: { counts: { unchanged: 3_000 } },
      });
      expect((await profiles())['Drover Hashes']!.updates).toBe(1);
    });

    it('takes an error that comes with status 200 for what it is', async () => {
      const { json, exitCode } = await exportTo('Being Edited');
      expect(exitCode).toBe(3);
      expect(json).toMatchObject({ status: 'failed', summary: { counts: { succeeded: 0, failed: 3_000 } } });
      expect(json.reasons).toMatchObject([{ code: 'FILE_PROFILE_PENDING', objects: 3_000 }]);
      expect((await profiles())['Being Edited']!.updates).toBe(0);
    });

    it('a plan of a streamed list is applied as long as the list is the same', async () => {
      const run = [
        ...RUN,
        '--connection',
        'lab',
        '--set',
        'fileProfileName=Drover Hashes',
        '--plan',
        '--json',
      ];
      const { id, plan } = (await drover.run(run)).json;
      const [{ body }] = plan.requests.data;
      expect(body.bytes).toBeGreaterThan(3_000 * 65);
      const { list } = JSON.parse(body.text);
      expect(list.streamed).toMatchObject({
        bytes: 3_000 * 65 - 1,
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
      expect(HASHES.join(',').startsWith(list.streamed.beginning)).toBe(true);
      expect((await drover.run(['run', 'apply', id, '--json'])).json).toMatchObject({
        status: 'succeeded',
        summary: { counts: { succeeded: 3_000 } },
      });
      expect((await profiles())['Drover Hashes']!.hashes).toEqual(HASHES);
    });
  });

  describe('Fetch User Confidence Index Score', () => {
    it('finds users whatever their case and by their alias, and sets the score on the objects', async () => {
      const users = [
        { type: 'identity', value: 'ada.example@example.com', aliases: ['ADA@example.com'] },
        { type: 'identity', value: 'Grace@Example.COM' },
        { type: 'identity', value: 'mallory@example.com' },
      ];
      const file = join(drover.folder, 'users.jsonl');
      await writeFile(file, users.map((user) => `${JSON.stringify(user)}\n`).join(''));
      await drover.json('objects', 'import', file, '--collection', 'them');
      const fetchScores = ['action', 'run', 'netskope.fetch-user-confidence-index-score'];
      const run = await drover.run([...fetchScores, '--collection', 'them', '--connection', 'lab', '--json']);
      expect(run.json).toMatchObject({
        status: 'succeeded',
        summary: { counts: { succeeded: 2, unchanged: 1 }, objectsWritten: 2, attributesWritten: 2 },
      });
      const { stdout } = await drover.run(['objects', 'export']);
      const scores = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { type: string; value: string; attributes: { value: unknown }[] })
        .map(({ type, value, attributes }) => [
          type,
          value.toLowerCase(),
          attributes.map((one) => one.value),
        ]);
      expect(scores.toSorted()).toEqual([
        ['identity', 'ada.example@example.com', [650]],
        ['identity', 'grace@example.com', [930]],
        ['identity', 'mallory@example.com', []],
      ]);
    });
  });
});
