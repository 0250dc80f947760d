import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { isAlive, until } from './built-drover.js';
import { describeGrounds } from './describe-grounds.js';
import { ONE_PROCESS } from './grounds.js';
import { expectBalanced, openTasks, readBooks } from './run-books.js';
import { countRows, askStore, hangAt } from './slow-store.js';
import { LISTS, RUN_ALL, SiteTemplate, type TenantSite } from './tenant-site.js';
import type { HoldOrder } from './vendor-gate.js';

let template: SiteTemplate;
let site: TenantSite;

beforeAll(async () => {
  template = await SiteTemplate.make({ batchObjects: 500 });
}, 60_000);
afterAll(() => template.close());

const POINTS: (HoldOrder & { where: string })[] = [
  { where: 'in prepare, before the vendor saw it', method: 'GET', path: /urllist/, at: 'request' },
  {
    where: 'in the first batch, before the list was replaced',
    method: 'PATCH',
    path: /replace/,
    at: 'request',
  },
  {
    where: 'in the first batch, after the list was replaced',
    method: 'PATCH',
    path: /replace/,
    at: 'answer',
  },
  { where: 'in a later batch, before it was added', method: 'PATCH', path: /append/, nth: 3, at: 'request' },
  { where: 'in a later batch, after it was added', method: 'PATCH', path: /append/, nth: 3, at: 'answer' },
  { where: 'in finish', method: 'GET', path: /urllist\/\d+$/, at: 'answer' },
];

describeGrounds((ground) => {
  beforeEach(async () => {
    site = await template.open({ ground });
  });
  afterEach(() => site.close());

  describe('a run that is killed', () => {
    it.each(POINTS)('$where, goes on where it was', async ({ where: _where, ...order }) => {
      const { drover, built } = site;
      const held = site.gate.hold(order);
      const doomed = built.start(RUN_ALL);
      await held.reached;
      const plugins = doomed.children;
      expect(plugins).not.toEqual([]);
      await doomed.killed();
      await until(() => !plugins.some(isAlive), { what: 'the end of the plugin processes' });

      const [{ id, isInterrupted }] = (await drover.json('run', 'list')).data;
      expect(isInterrupted).toBe(true);
      expect((await drover.run(['run', 'list'])).stdout).toMatch(/ interrupted /);
      expect((await drover.run(['run', 'show', id])).stdout).toContain(`drover run resume ${id}`);
      const refused = await drover.run(RUN_ALL);
      expect(refused).toMatchObject({ exitCode: 4, stderr: expect.stringMatching(/^RUN_IN_PROGRESS: /) });
      expect(refused.stderr).toContain(id);

      const resumed = await built.run(['run', 'resume', id, '--json']);
      expect(resumed.stderr).not.toMatch(/^[A-Z_]+: /m);
      expect(resumed.exitCode).toBe(2);
      expect(resumed.json).toMatchObject({ id, status: 'partial', summary: { remaining: 0 } });
      const books = await readBooks(drover);
      expect(books.runs).toHaveLength(1);
      expectBalanced(books, site.entries(LISTS[0]));
      expect(await openTasks(drover)).toBe(0);
    });
  });

  // It dies within a statement that never ends, with which the server of PostgreSQL would go on for the dead.
  if (ground === ONE_PROCESS) {
    it('a pass that is killed while its list is frozen is frozen to its end, once', async () => {
      const { drover, built } = site;
      const { dataDir } = drover;
      const slow = hangAt(dataDir, 'update of frozen_to_seq on passes when new.frozen_to_seq > 5000');
      const doomed = built.start(RUN_ALL);
      const frozenTo = () => askStore(dataDir, 'select frozen_to_seq as seq from passes')?.['seq'];
      await until(() => frozenTo() === 5000, { what: 'the first page of the list' });
      await doomed.killed();
      slow.withdraw();
      expect(frozenTo()).toBe(5000);
      expect((await drover.json('run', 'list')).data).toEqual([]);

      expect(await built.run([...RUN_ALL, '--json'])).toMatchObject({
        exitCode: 2,
        json: { status: 'partial' },
      });
      expect(countRows(dataDir, 'passes')).toBe(1);
      expectBalanced(await readBooks(drover), site.entries(LISTS[0]));
    });
  }
});
