import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DoctorReport, WorkerReport } from '@drover/engine';
import { OwnRedis, makeEmptyPostgres, missingPostgres, missingRedis, skipLoudly } from '@drover/testing';
import { until } from './built-drover.js';
import { expectBalanced } from './run-books.js';
import { ScaledSite, freePort } from './scaled-site.js';
import { RUN_ALL, SiteTemplate } from './tenant-site.js';

const missing = missingPostgres() ?? missingRedis({ own: true });
if (missing === undefined) describe('workers over one PostgreSQL and Redis', describeWorkers);
else skipLoudly('workers over one PostgreSQL and Redis', missing);

const WRITE = { method: 'PATCH', path: /\/urllist\// };
const WORKING = /Executing runs and pulls/;

function describeWorkers(): void {
  let template: SiteTemplate;
  let site: ScaledSite;

  beforeAll(async () => {
    template = await SiteTemplate.make({ batchObjects: 500 });
  }, 60_000);
  afterAll(() => template.close());
  beforeEach(async () => {
    const servers = { database: await makeEmptyPostgres(), redis: await OwnRedis.start() };
    site = await ScaledSite.open(template.zip, servers);
  }, 60_000);
  afterEach(() => site.close());

  async function look(port: number, path: string): Promise<{ status: number; text: string }> {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: answer.status, text: await answer.text() };
  }

  async function workers(): Promise<WorkerReport> {
    return (await site.ask(['worker', 'list'])) as WorkerReport;
  }

  it('end a run with its books balanced, though one is killed and Redis comes back empty', async () => {
    const [leftPort, rightPort] = [await freePort(), await freePort()];
    const started = [
      await site.start(['worker'], { environment: { DROVER_HTTP_PORT: String(leftPort) } }),
      await site.start(['worker'], { environment: { DROVER_HTTP_PORT: String(rightPort) } }),
    ];
    for (const worker of started) await worker.printed(WORKING);
    expect((await workers()).workers.map(({ role }) => role)).toEqual(['worker', 'worker']);
    expect(await look(leftPort, '/healthz')).toMatchObject({ status: 200 });
    expect(JSON.parse((await look(leftPort, '/readyz')).text)).toMatchObject({
      ready: true,
      queue: 'connected',
      queueKind: 'redis',
    });

    const held = site.gate.hold({ ...WRITE, nth: 3, at: 'answer' });
    const following = await site.start([...RUN_ALL, '--json']);
    await held.reached;
    expect(following.children).toEqual([]);
    const before = await workers();
    const holder = before.workers.find(({ holds }) => holds.length > 0)!;
    expect(holder.holds).toEqual([expect.objectContaining({ kind: 'batch' })]);
    const victim = started.find(({ pid }) => pid === holder.pid)!;
    const [survivorPort, survivor] =
      victim === started[0] ? [rightPort, started[1]!] : [leftPort, started[0]!];

    await site.servers.redis.kill();
    await victim.killed();
    held.release();
    await until(async () => (await look(survivorPort, '/readyz')).text.includes('"lost"'), {
      what: 'Redis to be missed',
    });
    expect((await look(survivorPort, '/readyz')).status).toBe(200);
    await site.servers.redis.start();

    const followed = await following.ended;
    expect([0, 2]).toContain(followed.exitCode);
    expectBalanced(await site.books(), site.entries());
    await until(async () => (await look(survivorPort, '/readyz')).text.includes('"connected"'), {
      what: 'Redis to be back',
    });
    const { text } = await look(survivorPort, '/metrics');
    expect(text).toMatch(/^drover_batches_total [1-9]/m);
    expect(text).toMatch(/^drover_outcomes_total\{outcome="succeeded"\} [1-9]/m);
    expect(text).toMatch(/^drover_vendor_calls_total [1-9]/m);
    expect(text).toMatch(/^drover_queue_depth 0$/m);
    expect(text).toMatch(/^process_resident_memory_bytes [1-9]/m);
    expect((await workers()).workers).toHaveLength(1);
    survivor.interrupt();
    expect((await survivor.ended).exitCode).toBe(0);
    expect((await workers()).workers).toEqual([]);
  }, 90_000);

  it('end a run with the version of its plugin that it began with, and take the next from the next', async () => {
    const next = await template.packNext();
    const started = [await site.start(['worker']), await site.start(['worker'])];
    for (const worker of started) await worker.printed(WORKING);
    const held = site.gate.hold({ ...WRITE, nth: 2, at: 'request' });
    const following = await site.start([...RUN_ALL, '--json']);
    await held.reached;
    const upgraded = await site.ask(['plugin', 'upgrade', next, '--yes']);
    expect(upgraded).toMatchObject({ result: 'upgraded', version: '1.1.0' });
    // The other one takes its batch up long after it has last looked at what is installed.
    const holder = (await workers()).workers.find(({ holds }) => holds.length > 0)!;
    await started.find(({ pid }) => pid === holder.pid)!.killed();
    held.release();
    const first = await following.ended;
    expect([0, 2]).toContain(first.exitCode);
    expectBalanced(await site.books(), site.entries());

    const second = await (await site.start([...RUN_ALL, '--json'])).ended;
    expect(second.exitCode).toBe(first.exitCode);
    expect(second.json.summary.counts).toEqual(first.json.summary.counts);
    expect(second.json.summary.vendorCalls).toBeLessThan(first.json.summary.vendorCalls);

    await site.ask(['plugin', 'rollback', 'netskope', '--yes']);
    expect((await site.ask(['plugin', 'show', '2'])).version).toBe('1.0.0');
  }, 90_000);

  it('finish what they hold within the time to drain, and leave the rest to another', async () => {
    const draining = await site.start(['worker'], { environment: { DROVER_DRAIN_SECONDS: '1' } });
    await draining.printed(WORKING);
    const held = site.gate.hold({ ...WRITE, nth: 2, at: 'request' });
    const following = await site.start([...RUN_ALL, '--json']);
    await held.reached;
    draining.interrupt();
    expect((await draining.ended).exitCode).toBe(0);
    held.release();
    // Nobody serves any more: the command that follows executes the rest itself.
    expect([0, 2]).toContain((await following.ended).exitCode);
    expectBalanced(await site.books(), site.entries());
  }, 60_000);

  it('are not ready while work is due and nobody takes it, with the queue in the database', async () => {
    site.queueInDatabase();
    await site.servers.redis.kill();
    const port = await freePort();
    const scheduler = await site.start(['serve', '--role', 'scheduler'], {
      environment: { DROVER_HTTP_PORT: String(port) },
    });
    await scheduler.printed(/Firing what is due/);
    const held = site.gate.hold({ ...WRITE, nth: 2, at: 'request' });
    const executing = await site.start([...RUN_ALL, '--json']);
    await held.reached;
    const { status, text } = await look(port, '/readyz');
    expect([status, JSON.parse(text)]).toEqual([
      200,
      expect.objectContaining({ queue: 'connected', queueKind: 'postgres' }),
    ]);
    expect((await look(port, '/metrics')).text).toMatch(/^drover_queue_connected\{kind="postgres"\} 1$/m);
    await executing.killed();
    held.release();
    await until(async () => (await look(port, '/readyz')).status === 503, {
      what: 'the scheduler to be unready',
      withinMs: 50_000,
    });
    expect((await look(port, '/readyz')).text).toContain('no worker takes it');
    const report = await workers();
    const { data: runs } = await site.ask(['run', 'list']);
    expect(report).toMatchObject({ workers: [], standby: [], due: { count: 1, runId: runs[0].id } });
    expect(report.scheduler).toMatchObject({ pid: scheduler.pid });

    const second = await site.start(['serve', '--role', 'scheduler']);
    await second.printed(/Firing what is due/);
    await until(async () => (await workers()).standby.some(({ pid }) => pid === second.pid), {
      what: 'the second scheduler to stand by',
    });
    scheduler.interrupt();
    await until(async () => (await workers()).scheduler?.pid === second.pid, {
      what: 'the second scheduler to take over',
    });
    expect((await workers()).standby).toEqual([]);

    const worker = await site.start(['worker']);
    await until(async () => (await site.ask(['run', 'list'])).data[0].endedAt !== undefined, {
      what: 'the end of the run',
      withinMs: 30_000,
    });
    expectBalanced(await site.books(), site.entries());
    worker.interrupt();
    await worker.ended;
  }, 120_000);

  it('refuse a Redis that evicts though it holds only limits, and doctor says what is wrong with one', async () => {
    site.queueInDatabase();
    const evicting = await OwnRedis.start({ policy: 'allkeys-lru' });
    try {
      const environment = { DROVER_REDIS_URL: evicting.url };
      const refused = await (await site.start(['worker'], { environment })).ended;
      expect([refused.exitCode, refused.stderr]).toEqual([78, expect.stringContaining('REDIS_EVICTS')]);
      expect(await findings(environment)).toMatchObject({
        queue: 'ok',
        'rate limits': expect.stringMatching(/^REDIS_EVICTS/),
      });
    } finally {
      await evicting.kill();
    }
    const away = { DROVER_REDIS_URL: evicting.url };
    expect(await findings(away)).toMatchObject({
      'rate limits': expect.stringMatching(/^REDIS_UNREACHABLE/),
    });
    expect(await findings({})).toMatchObject({ queue: 'ok', 'rate limits': 'ok' });
  }, 60_000);

  it('doctor notices that Redis takes no writes', async () => {
    const replica = await OwnRedis.start({ more: ['--replicaof', '127.0.0.1', '1'] });
    try {
      const refuses = expect.stringMatching(/^REDIS_REFUSES: .*READONLY/);
      expect(await findings({ DROVER_REDIS_URL: replica.url })).toMatchObject({
        queue: refuses,
        'rate limits': refuses,
      });
    } finally {
      await replica.kill();
    }
  }, 60_000);

  /** What doctor says of each thing: `ok`, or what is wrong with it. */
  async function findings(environment: Record<string, string>): Promise<Record<string, string>> {
    const { json } = await (await site.start(['doctor', '--json'], { environment })).ended;
    const { checks } = json as DoctorReport;
    return Object.fromEntries(
      checks.map(({ check, result, detail }) => [check, result === 'problem' ? detail : result]),
    );
  }
}
