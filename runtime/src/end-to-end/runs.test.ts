import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CommandLine } from './command-line.js';
import { describeGrounds } from './describe-grounds.js';
import { LIST, NetskopeLab, packNetskope, startTenant } from './netskope-lab.js';

const HOSTS = 25;
const RUN = ['action', 'run', '2', '--collection', 'iocs', '--connection', 'lab'];

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
  });
  afterEach(() => lab.close());

  describe('action run', () => {
    const config = ['--config', JSON.stringify({ urlListName: LIST })];

    beforeEach(async () => {
      await lab.connect();
      await lab.importHosts(HOSTS);
    });

    it('takes a slice, says how to go on, and the vendor holds it', async () => {
      const first = await drover.run([...RUN, ...config, '--objects-per-run', '10']);
      expect(first.stderr).not.toMatch(/^[A-Z_]+:/m);
      expect(first.exitCode).toBe(0);
      expect(first.stdout).toMatch(/succeeded +10\b/);
      expect(first.stdout).toContain('15 objects of the pass remain. Go on with:');
      expect(first.stdout).toContain(
        `drover action run 2 --collection iocs --connection lab --config '{"urlListName":"${LIST}"}' --objects-per-run 10`,
      );
      const second = await drover.run([...RUN, ...config, '--objects-per-run', '100', '--json']);
      expect(second.json).toMatchObject({
        status: 'succeeded',
        summary: { remaining: 0, counts: { succeeded: 15 } },
      });
      expect(await lab.urlsAtVendor()).toBe(HOSTS);
    });

    it('counts one object as one', async () => {
      const one = [...RUN, ...config, '--objects-per-run', '1'];
      expect((await drover.run([...one, '--plan'])).stderr).toContain(' looks at 1 object; ');
      expect((await drover.run(one)).stderr).toMatch(/^Run run_\w+ takes 1 object\.$/m);
    });

    it('goes on until the pass is done', async () => {
      const { exitCode, json, stderr } = await drover.run([
        ...RUN,
        ...config,
        '--objects-per-run',
        '10',
        '--until-done',
        '--json',
      ]);
      expect(exitCode).toBe(0);
      expect(json).toMatchObject({
        status: 'succeeded',
        remaining: 0,
        counts: { succeeded: HOSTS, deferred: 0 },
      });
      expect(json.runs).toHaveLength(3);
      expect(stderr).toContain('10 objects taken, 15 remain.');
      expect(await lab.urlsAtVendor()).toBe(HOSTS);
      const runs = await drover.json('run', 'list', '--action', '2');
      expect(runs.data).toHaveLength(3);
      expect(runs.data[0]).toMatchObject({ collection: 'iocs', connection: 'lab', status: 'succeeded' });
    });

    it('fails with the reason when the list does not exist', async () => {
      const { exitCode, stdout } = await drover.run([...RUN, '--set', 'urlListName=No such list']);
      expect(exitCode).toBe(3);
      expect(stdout).toContain(LIST);
    });

    it('refuses a wrong config, cap or trigger and an empty collection before any run', async () => {
      const wrong = await drover.run([...RUN, '--config', '{}']);
      expect(wrong).toMatchObject({ exitCode: 78 });
      expect(wrong.stderr).toContain('/urlListName');
      const stepless = await drover.run([...RUN, ...config, '--trigger', 'schedule']);
      expect(stepless).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('--step') });
      const high = await drover.run([...RUN, ...config, '--objects-per-run', '300001']);
      expect(high).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('300000') });
      await drover.json('collection', 'create', 'empty');
      const empty = await drover.run([
        'action',
        'run',
        '2',
        '--collection',
        'empty',
        '--connection',
        'lab',
        ...config,
      ]);
      expect(empty).toMatchObject({ exitCode: 2 });
      expect((await drover.json('run', 'list')).data).toEqual([]);
    });

    it('offers new objects only to a scheduled step', async () => {
      const scheduled = [...RUN, ...config, '--trigger', 'schedule', '--step', 'nightly'];
      expect(await drover.json(...scheduled)).toMatchObject({ summary: { counts: { succeeded: HOSTS } } });
      const nothing = await drover.run(scheduled);
      expect(nothing.exitCode).toBe(0);
      expect(nothing.stdout).toContain('There is nothing new to offer; no run was started.');
    });

    it('exports what became of each object', async () => {
      const { id } = await drover.json(...RUN, ...config);
      const { stdout } = await drover.run(['run', 'export', id]);
      const outcomes = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(outcomes).toHaveLength(HOSTS);
      expect(outcomes[0]).toMatchObject({ status: 'succeeded', type: 'indicator', subtype: 'FQDN' });
      const csv = await drover.run(['run', 'export', id, '--format', 'csv', '--status', 'succeeded']);
      expect(csv.stdout.trimEnd().split('\r\n')).toHaveLength(HOSTS + 1);
      const shown = await drover.run(['run', 'show', id]);
      expect(shown.stdout).toMatch(/vendor calls +\d+/);
      const watched = await drover.run(['run', 'watch', id, '--json']);
      expect(watched).toMatchObject({ exitCode: 0, json: { id, status: 'succeeded' } });
      const retried = await drover.run(['run', 'retry', id]);
      expect(retried).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('NOTHING_TO_RETRY') });
      const cancelled = await drover.run(['run', 'cancel', id]);
      expect(cancelled).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('RUN_ENDED') });
    });

    it('cancels gracefully at the first interrupt', async () => {
      const slow = await startTenant({ latencyMs: 400 });
      try {
        await drover.json('connection', 'update', 'lab', '--set', `baseUrl=${slow.url}`);
        const interrupted = await drover.run([...RUN, ...config], {
          onInterruptible: (interrupt) => setTimeout(interrupt, 50),
        });
        expect(interrupted.stderr).toContain('Cancelling');
        expect(interrupted.exitCode).toBe(3);
        expect((await drover.json('run', 'list')).data[0]).toMatchObject({ status: 'cancelled' });
      } finally {
        await slow.close();
      }
    });

    it('stops at once at the second interrupt, and resumes', async () => {
      const slow = await startTenant({ latencyMs: 3000 });
      try {
        await drover.json('connection', 'update', 'lab', '--set', `baseUrl=${slow.url}`);
        const stopped = await drover.run([...RUN, ...config], {
          onInterruptible: (interrupt) => {
            setTimeout(interrupt, 300);
            setTimeout(interrupt, 500);
          },
        });
        expect(stopped.exitCode).toBe(3);
        expect(stopped.stderr).toContain('INTERRUPTED');
        const [run] = (await drover.json('run', 'list')).data;
        expect(run.endedAt).toBeUndefined();
        await drover.json('connection', 'update', 'lab', '--set', `baseUrl=${lab.simulator.url}`);
        const resumed = await drover.run(['run', 'resume', run.id]);
        expect(resumed.exitCode).toBe(3);
        expect(resumed.stdout).toContain('was cancelled');
      } finally {
        await slow.close();
      }
    });
  });
});
