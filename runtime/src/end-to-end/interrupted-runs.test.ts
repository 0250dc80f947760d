import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { isAlive, until } from './built-drover.js';
import { describeGrounds } from './describe-grounds.js';
import { expectBalanced, openTasks, readBooks } from './run-books.js';
import { RUN_ALL, SiteTemplate, type TenantSite } from './tenant-site.js';

const BATCH = 500;
const SECOND_APPEND = { method: 'PATCH', path: /append/, nth: 2 } as const;

let template: SiteTemplate;
let site: TenantSite;

beforeAll(async () => {
  template = await SiteTemplate.make({ batchObjects: BATCH });
}, 60_000);
afterAll(() => template.close());
describeGrounds((ground) => {
  beforeEach(async () => {
    site = await template.open({ ground });
  });
  afterEach(() => site.close());

  it('Ctrl-C lets what is in flight settle and defers the rest, which the next run takes', async () => {
    const { built, drover } = site;
    const held = site.gate.hold({ ...SECOND_APPEND, at: 'answer' });
    const running = built.start([...RUN_ALL, '--json']);
    await held.reached;
    running.interrupt();
    await running.said(/Cancelling: batches in flight finish/);
    held.release();
    const cancelled = await running.ended;
    expect(cancelled.exitCode).toBe(3);
    const { status, summary, fault } = cancelled.json;
    expect({ status, fault }).toEqual({ status: 'cancelled', fault: undefined });
    expect(summary.counts).toMatchObject({ failed: 0, unknown: 0 });
    expect(summary.objectsRead).toBe(3 * BATCH);
    expect(summary.counts.deferred).toBe(summary.remaining);
    expect(summary.objectsRead + summary.remaining).toBe(summary.objects);

    const next = await built.run([...RUN_ALL, '--json']);
    expect(next.json).toMatchObject({ summary: { objects: summary.remaining, remaining: 0 } });
    expectBalanced(await readBooks(drover), site.entries());
  });

  it('Ctrl-C twice leaves at once; the run can be finished', async () => {
    const { built, drover } = site;
    const held = site.gate.hold({ ...SECOND_APPEND, at: 'request' });
    const running = built.start(RUN_ALL);
    await held.reached;
    const plugins = running.children;
    running.interrupt();
    await running.said(/Interrupt again to stop at once/);
    running.interrupt();
    const left = await running.ended;
    expect(left).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(/^INTERRUPTED: /m) });
    await until(() => !plugins.some(isAlive), { what: 'the end of the plugin processes' });

    const [{ id }] = (await drover.json('run', 'list')).data;
    expect(left.stderr).toContain(`drover run resume ${id}`);
    const again = await built.run(['run', 'cancel', id]);
    expect([again.exitCode, again.stdout]).toEqual([0, expect.stringContaining('nobody executes it now')]);
    expect(again.stdout).toContain(`drover run resume ${id}`);
    expect(await built.run(['run', 'resume', id, '--json'])).toMatchObject({
      exitCode: 3,
      json: { status: 'cancelled', summary: { objectsRead: 2 * BATCH } },
    });
    expect(await built.run([...RUN_ALL, '--json'])).toMatchObject({ json: { summary: { remaining: 0 } } });
    expectBalanced(await readBooks(drover), site.entries());
    expect(await openTasks(drover)).toBe(0);
  });
});
