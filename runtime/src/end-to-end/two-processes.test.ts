import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { hasEnded } from '@drover/model';
import { until } from './built-drover.js';
import { expectBalanced, openTasks, readBooks } from './run-books.js';
import { COLLECTION, LISTS, runAll, SiteTemplate, type TenantSite } from './tenant-site.js';

const [BLOCKED, WATCHED] = LISTS;
const HOSTS = 'hosts';

let template: SiteTemplate;
let site: TenantSite;

beforeAll(async () => {
  template = await SiteTemplate.make({ batchObjects: 500 });
}, 60_000);
afterAll(() => template.close());
beforeEach(async () => {
  site = await template.open();
  await site.drover.json('collection', 'create', HOSTS, '--query', '{"subtype": "FQDN"}');
});
afterEach(() => site.close());

/** A request that writes a list, in its path. */
function writeTo(list: string): { method: string; path: RegExp } {
  const { id } = site.tenant.state().lists.find(({ name }) => name === list)!;
  return { method: 'PATCH', path: new RegExp(`/urllist/${id}/`) };
}

async function statusOver(collection: string): Promise<{ id: string; ended: boolean }> {
  const { data } = await site.drover.json('run', 'list');
  const run = data.find((one: { collection: string }) => one.collection === collection);
  return { id: run.id, ended: hasEnded(run.status) };
}

it('one process executes the runs of both, the other follows', async () => {
  const { built, drover } = site;
  const held = site.gate.hold({ ...writeTo(BLOCKED), nth: 2, at: 'request' });
  const executing = built.start(runAll());
  await held.reached;
  const following = built.start([...runAll({ collection: HOSTS, list: WATCHED }), '--json']);
  const heldOther = site.gate.hold({ ...writeTo(WATCHED), at: 'request' });
  await heldOther.reached;
  expect(executing.children).not.toEqual([]);
  expect(following.children).toEqual([]);
  heldOther.release();

  const followed = await following.ended;
  expect([0, 2]).toContain(followed.exitCode);
  expect(hasEnded(followed.json.status)).toBe(true);
  expect((await statusOver(COLLECTION)).ended).toBe(false);
  held.release();
  expect(await executing.ended).toMatchObject({ exitCode: 2 });
  expectBalanced(await readBooks(drover, COLLECTION), site.entries(BLOCKED));
  expectBalanced(await readBooks(drover, HOSTS), site.entries(WATCHED));
});

it('when the executing process is killed, the other takes over all that it did', async () => {
  const { built, drover } = site;
  const held = site.gate.hold({ ...writeTo(BLOCKED), nth: 2, at: 'request' });
  const executing = built.start(runAll());
  await held.reached;
  const heldOther = site.gate.hold({ ...writeTo(WATCHED), nth: 2, at: 'answer' });
  const following = built.start([...runAll({ collection: HOSTS, list: WATCHED }), '--json']);
  await heldOther.reached;
  // The survivor is held at its own run, so that it is still there for the other one.
  const heldAgain = site.gate.hold({ ...writeTo(WATCHED), at: 'request' });
  await executing.killed();

  await heldAgain.reached;
  expect(following.children).not.toEqual([]);
  await until(async () => (await statusOver(COLLECTION)).ended, {
    what: 'the end of the killed process’s run',
  });
  heldAgain.release();
  const survived = await following.ended;
  expect([0, 2]).toContain(survived.exitCode);
  expect(hasEnded(survived.json.status)).toBe(true);
  expectBalanced(await readBooks(drover, COLLECTION), site.entries(BLOCKED));
  expectBalanced(await readBooks(drover, HOSTS), site.entries(WATCHED));
  expect(await openTasks(drover)).toBe(0);
});
