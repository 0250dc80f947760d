import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { StoredOutcome } from '@drover/engine';
import { freshRedisUrl, makeEmptyPostgres, missingPostgres, missingRedis, skipLoudly } from '@drover/testing';
import { type DroverProcess, until } from './built-drover.js';
import type { CommandOutcome } from './command-line.js';
import { FEED_PAGES, HOSTS, PAUSED_TABLES, PausedSite } from './paused-site.js';

const missing = missingPostgres() ?? missingRedis();
if (missing === undefined) describe('a worker that is stopped past its lease and goes on', describePaused);
else skipLoudly('a worker that is stopped past its lease and goes on', missing);

const SERVING = /Executing runs and pulls/;
const VICTIM = 'host5.example.com';
const OVER_HOSTS = ['--collection', 'hosts', '--connection', 'lab', '--json'];
const tagRun = (list: string) => ['action', 'run', 'acme.tag-host', ...OVER_HOSTS, '--set', `list=${list}`];

function describePaused(): void {
  let site: PausedSite;
  let paused: DroverProcess;
  let other: DroverProcess;
  /** By what they were in when their worker was stopped. */
  let runs: Record<'beforeWrite' | 'writeOnItsWay' | 'onceOnTheWire', CommandOutcome>;

  beforeAll(async () => {
    site = await PausedSite.open({ database: await makeEmptyPostgres(), redisUrl: await freshRedisUrl() });
    paused = await site.start('serve');
    await paused.printed(SERVING);
    const holds = [
      site.gate.hold({ path: /^\/look\/a/, at: 'answer' }),
      site.gate.hold({ path: /^\/tags\/b/, at: 'answer' }),
      site.gate.hold({ path: new RegExp(`^/charges/${VICTIM}`), at: 'answer' }),
      site.gate.hold({ path: /^\/hosts\?page=2/, at: 'answer' }),
    ];
    await site.drover.json(
      'feed',
      'create',
      'scan',
      '--plugin',
      'acme.hosts',
      '--connection',
      'lab',
      '--every',
      '1h',
    );
    const started = [tagRun('a'), tagRun('b'), ['action', 'run', 'acme.charge-host', ...OVER_HOSTS]].map(
      (argv) => site.drover.run(argv),
    );
    await Promise.all(holds.map(({ reached }) => reached));
    // All but the call that is held have been made.
    await until(() => charged().length === HOSTS, { what: 'the other charges' });
    other = await site.start('serve');
    await other.printed(SERVING);
    process.kill(paused.pid, 'SIGSTOP');
    const [beforeWrite, writeOnItsWay, onceOnTheWire] = await Promise.all(started);
    runs = { beforeWrite: beforeWrite!, writeOnItsWay: writeOnItsWay!, onceOnTheWire: onceOnTheWire! };
    await until(async () => (await pull()).status === 'succeeded', { what: 'the end of the pull' });
    expect((await site.drover.json('worker', 'list')).scheduler.pid).toBe(other.pid);
    before = await books();
    for (const hold of holds) hold.release();
    process.kill(paused.pid, 'SIGCONT');
  }, 90_000);
  afterAll(() => site.close());

  /** What is stored while the stopped one could not do anything. */
  let before: unknown;

  const charged = () => site.vendor.requests.filter((request) => request.startsWith('POST /charges/'));
  const pull = async () => (await site.drover.json('feed', 'show', 'scan')).lastPull;

  /** All but evidence, leases and what a look at the clock changes. */
  async function books(): Promise<unknown> {
    const all: [string, string[]][] = [];
    for (const table of PAUSED_TABLES) {
      const rows = await site.rows(table);
      all.push([table, rows.map((row) => JSON.stringify(row)).toSorted()]);
    }
    return all;
  }

  async function outcomesOf({ json }: CommandOutcome): Promise<StoredOutcome[]> {
    const { stdout } = await site.drover.run(['run', 'export', json.id]);
    const lines = stdout.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as StoredOutcome);
  }

  it('ends in good order when it is told to, having changed nothing', async () => {
    const idle = async () => (await site.rows('journal')).every(({ answered_at }) => answered_at !== null);
    await until(idle, { what: 'the late answer' });
    await until(async () => (await site.drover.json('worker', 'list')).workers.length === 2, {
      what: 'it to be back',
    });
    expect(await books()).toEqual(before);
    // Alone, it takes up new work.
    other.interrupt();
    expect((await other.ended).exitCode).toBe(0);
    expect(await site.drover.run(tagRun('c'))).toMatchObject({ exitCode: 0 });
    expect(site.asked('PUT /tags/c')).toBe(1);
    paused.interrupt();
    expect((await paused.ended).exitCode).toBe(0);
  }, 60_000);

  it('sends no write that it was about to send: the other one has sent it', async () => {
    expect(runs.beforeWrite).toMatchObject({
      exitCode: 0,
      json: { summary: { counts: { succeeded: HOSTS } } },
    });
    expect(site.asked('GET /look/a')).toBe(2);
    expect(site.asked('PUT /tags/a')).toBe(1);
  });

  it('leaves a repeatable write that was on its way to the other one', async () => {
    expect(runs.writeOnItsWay).toMatchObject({
      exitCode: 0,
      json: { summary: { counts: { succeeded: HOSTS } } },
    });
    expect(site.asked('PUT /tags/b')).toBe(2);
    expect(await outcomesOf(runs.writeOnItsWay)).toHaveLength(HOSTS);
  });

  it('keeps the late answer of a once-only call as evidence beside its unknown', async () => {
    const outcomes = await outcomesOf(runs.onceOnTheWire);
    expect(outcomes).toHaveLength(HOSTS);
    const [unknown, ...more] = outcomes.filter(({ status }) => status === 'unknown');
    expect(more).toEqual([]);
    expect(unknown).toMatchObject({
      value: VICTIM,
      evidence: { call: 'charge', result: { kind: 'answered' } },
    });
    expect(unknown!.evidence!.answeredAt! > unknown!.at).toBe(true);
    expect(charged().toSorted()).toEqual(
      Array.from({ length: HOSTS }, (_, n) => `POST /charges/host${n}.example.com`),
    );
  });

  it('keeps no page of a pull that the other one has gone on with', async () => {
    expect(await pull()).toMatchObject({
      status: 'succeeded',
      trigger: 'schedule',
      attempt: 2,
      counts: { pages: FEED_PAGES, created: 10 * FEED_PAGES, updated: 0, unchanged: 0 },
    });
    const pages = [0, 1, 2, 2, 3].map((page) => `GET /hosts?page=${page}`);
    expect(site.vendor.requests.filter((request) => request.startsWith('GET /hosts'))).toEqual(pages);
    expect(await site.rows('pulls')).toHaveLength(1);
  });
}
