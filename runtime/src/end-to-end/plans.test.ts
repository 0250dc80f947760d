import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PluginManifest } from '@drover/model';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CommandLine } from './command-line.js';
import { describeGrounds } from './describe-grounds.js';
import { LIST, NetskopeLab, packNetskope } from './netskope-lab.js';

const MANAGE_URL_LIST = JSON.parse(
  readFileSync(new URL('../../../plugins/netskope/manage-url-list/plugin.json', import.meta.url), 'utf8'),
) as PluginManifest;
const CREATE_IMPACT = 'netskope.create-user-confidence-index-impact';
const FETCH_SCORES = 'netskope.fetch-user-confidence-index-score';

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

  async function importUsers(...users: string[]): Promise<void> {
    const file = join(drover.folder, 'users.txt');
    await writeFile(file, users.map((user) => `${user}\n`).join(''));
    await drover.json('objects', 'import', file, '--collection', 'users', '--type', 'identity');
  }

  async function simulated(what: 'state' | 'requests'): Promise<unknown> {
    const reply = await fetch(`${lab.simulator.url}/__sim/${what}`);
    return reply.json();
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

  describe('a plan and its applying', () => {
    const RUN = ['action', 'run', 'netskope.manage-url-list', '--collection', 'iocs', '--connection', 'lab'];
    const CONFIG = ['--config', JSON.stringify({ urlListName: LIST, applyPendingChanges: true })];

    it('shows requests, objects and blast radius, changes nothing, and is done by run apply', async () => {
      await lab.importHosts(25);
      const plan = await drover.run([...RUN, ...CONFIG, '--objects-per-run', '20', '--plan']);
      expect(plan.exitCode).toBe(0);
      expect(plan.stdout).toMatch(/execute +PATCH replaceUrls +destructive +1 +20/);
      expect(plan.stdout).toContain(
        '! deployUrlLists: Applies the pending changes of all URL lists of the tenant',
      );
      expect(plan.stdout).toMatch(/PATCH \/api\/v2\/policy\/urllist\/\d+\/replace {2}\(covers 20 objects\)/);
      expect(plan.stdout).toContain('host0.example.com');
      const [, planId] = /drover run apply (run_\S+)/.exec(plan.stdout)!;
      expect(await lab.urlsAtVendor()).toBe(1);

      const shown = await drover.run(['run', 'show', planId!]);
      expect(shown.stdout).toContain(`drover run apply ${planId}`);
      const applied = await drover.run(['run', 'apply', planId!, '--json']);
      expect(applied.json).toMatchObject({
        mode: 'apply',
        planId,
        status: 'succeeded',
        summary: { counts: { succeeded: 20, deferred: 5 } },
      });
      expect(await lab.urlsAtVendor()).toBe(20);
      expect(await writesTo(MANAGE_URL_LIST)).toHaveLength(2);
      const again = await drover.run(['run', 'apply', planId!]);
      expect(again).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('PLAN_STALE') });
      const rest = await drover.run([...RUN, ...CONFIG, '--json']);
      expect(rest.json).toMatchObject({ summary: { counts: { succeeded: 5 }, remaining: 0 } });
      expect(await lab.urlsAtVendor()).toBe(25);
    });

    it('refuses what makes no sense', async () => {
      await lab.importHosts(2);
      for (const flag of ['--restart', '--until-done']) {
        const refused = await drover.run([...RUN, ...CONFIG, '--plan', flag]);
        expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('INVALID_ARGUMENT') });
      }
      const direct = await drover.run([...RUN, ...CONFIG, '--json']);
      const refused = await drover.run(['run', 'apply', direct.json.id]);
      expect(refused).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining(`INVALID_ARGUMENT: ${direct.json.id} is no plan`),
      });
    });
  });

  describe('a plan of calls that are made once', () => {
    const IMPACTS = ['action', 'run', CREATE_IMPACT, '--collection', 'users'];
    const PLAN = [...IMPACTS, '--connection', 'lab', '--plan', '--json'];

    async function impacts(): Promise<number> {
      return ((await simulated('state')) as { impacts: unknown[] }).impacts.length;
    }

    it('is applied although the timestamp is another by then, and each call is made once', async () => {
      await importUsers('ada@example.com', 'grace@example.com');
      const plan = await drover.run(PLAN);
      expect(await impacts()).toBe(0);
      const apply = ['run', 'apply', plan.json.id, '--json'];
      expect((await drover.run(apply)).json).toMatchObject({
        status: 'succeeded',
        summary: { counts: { succeeded: 2 } },
      });
      expect(await impacts()).toBe(2);
      expect(await drover.run(apply)).toMatchObject({
        exitCode: 4,
        stderr: expect.stringContaining('PLAN_STALE'),
      });
      expect(await impacts()).toBe(2);
    });

    it('an object that was changed since gets no call, and the other gets its own', async () => {
      await importUsers('ada@example.com', 'grace@example.com');
      const plan = await drover.run(PLAN);
      const file = join(drover.folder, 'changes.jsonl');
      const change = {
        type: 'identity',
        value: 'ada@example.com',
        attributes: [{ name: 'Team', value: 'Red' }],
      };
      await writeFile(file, `${JSON.stringify(change)}\n`);
      await drover.json('objects', 'import', file, '--collection', 'changed');
      const applied = await drover.run(['run', 'apply', plan.json.id, '--json']);
      expect(applied.json).toMatchObject({ summary: { counts: { succeeded: 1, failed: 1 } } });
      const { stdout } = await drover.run(['run', 'export', applied.json.id, '--status', 'failed']);
      expect(JSON.parse(stdout)).toMatchObject({ value: 'ada@example.com', code: 'PLAN_DRIFT' });
      expect(await impacts()).toBe(1);
    });

    it('after an unknown call, a plan of the rest is applied and the unknown one is not sent', async () => {
      await importUsers('ada@example.com', 'grace@example.com');
      const order = {
        match: { method: 'POST', path: '/api/v2/incidents/user/uciimpact' },
        when: 'after',
        effect: { kind: 'status', status: 500 },
      };
      const headers = { 'content-type': 'application/json' };
      await fetch(`${lab.simulator.url}/__sim/faults`, {
        method: 'POST',
        headers,
        body: JSON.stringify(order),
      });
      const first = await drover.run([...IMPACTS, '--connection', 'lab', '--objects-per-run', '1', '--json']);
      expect(first.json).toMatchObject({ summary: { counts: { unknown: 1, deferred: 1 } } });
      const plan = await drover.run(PLAN);
      expect(plan.json).toMatchObject({ summary: { objects: 1 }, plan: { calls: [{ requests: 1 }] } });
      expect((await drover.run(['run', 'apply', plan.json.id, '--json'])).json).toMatchObject({
        status: 'succeeded',
        summary: { counts: { succeeded: 1 } },
      });
      expect(await impacts()).toBe(2);
    });
  });

  describe('a plan of reads', () => {
    const FETCH = ['action', 'run', FETCH_SCORES, '--collection', 'users'];

    it('shows what would be set, page by page, and sets nothing', async () => {
      await importUsers('ada@example.com', 'Grace@Example.com', 'mallory@example.com');
      const plan = await drover.run([...FETCH, '--connection', 'lab', '--plan']);
      expect(plan.stdout).toContain('nothing is stored');
      expect(plan.stdout).toMatch(/grace@example\.com +\S.* +replace +\d+/i);
      const [{ id }] = (await drover.json('run', 'list')).data;
      const first = await drover.json('run', 'show', id, '--limit', '1');
      expect(first.plan.writeBacks).toMatchObject({
        data: [{ mode: 'replace' }],
        nextCursor: expect.any(String),
      });
      const cursor = first.plan.writeBacks.nextCursor as string;
      const second = await drover.run(['run', 'show', id, '--limit', '1', '--cursor', cursor]);
      expect(second.stdout).toMatch(/@example\.com +\S.* +replace +\d+/i);
      expect((await drover.run(['objects', 'export'])).stdout).not.toContain('Index');
    });
  });

  describe('the requests of a plan', () => {
    it('are shown page by page', async () => {
      const users = Array.from({ length: 25 }, (_, n) => `user${n}@example.com`);
      await importUsers(...users);
      const over = ['--collection', 'users', '--connection', 'lab'];
      const plan = await drover.run(['action', 'run', CREATE_IMPACT, ...over, '--plan']);
      const [, id] = /drover run apply (run_\S+)/.exec(plan.stdout)!;
      expect(plan.stdout).toContain(`for all: drover run show ${id} --limit 1000`);
      const seen: string[] = [];
      let cursor: string[] = [];
      for (;;) {
        const { stdout } = await drover.run(['run', 'show', id!, '--limit', '10', ...cursor]);
        seen.push(...stdout.matchAll(/user\d+@example\.com/g).map(([user]) => user));
        const next = /requests; go on with --cursor (\S+)/.exec(stdout);
        if (next === null) break;
        cursor = ['--cursor', next[1]!];
      }
      expect(seen.toSorted()).toEqual(users.toSorted());
      const direct = await drover.run(['action', 'run', FETCH_SCORES, ...over, '--json']);
      expect(await drover.run(['run', 'show', direct.json.id, '--limit', '5'])).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('INVALID_ARGUMENT'),
      });
    });
  });
});
