import { randomBytes } from 'node:crypto';
import { cp, mkdir, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openSqlite } from '@drover/store';
import { START_TIMEOUT_MS, makeEmptyPostgres, missingPostgres, skipLoudly } from '@drover/testing';
import { sql } from 'kysely';
import { CommandLine } from './command-line.js';
import { ACTION, COLLECTION, CONNECTION, RUN_ALL, SiteTemplate, type TenantSite } from './tenant-site.js';

let template: SiteTemplate;
let site: TenantSite;
beforeAll(async () => {
  template = await SiteTemplate.make({ batchObjects: 1_000 });
  site = await template.open();
  // Some of the indicators are refused by the tenant.
  expect((await site.drover.run(RUN_ALL)).exitCode).toBeLessThanOrEqual(2);
}, 60_000);
afterAll(async () => {
  await site.close();
  await template.close();
});

const copyTo = (to: string, from = site.drover.dataDir) => ['db', 'copy', '--from', from, '--to', to];

describe('drover db migrate', () => {
  it('shows what is pending and changes nothing, then applies it, then has nothing to do', async () => {
    const drover = await CommandLine.open();
    try {
      const dryRun = await drover.json('db', 'migrate', '--dry-run');
      expect(dryRun).toMatchObject({ migrations: [{ name: '0001-initial' }], applied: [] });
      expect((await drover.run(['db', 'migrate', '--dry-run'])).stdout).toMatch(/0001-initial +pending/);
      expect(await drover.json('db', 'migrate')).toMatchObject({
        migrations: [{ name: '0001-initial', appliedAt: expect.stringMatching(/^\d{4}-.*Z$/) }],
        applied: ['0001-initial'],
      });
      expect((await drover.run(['db', 'migrate'])).stdout).toContain('is up to date');
    } finally {
      await drover.close();
    }
  });
});

describe('a database that is damaged', () => {
  it.each([
    ['noise', () => randomBytes(100_000)],
    ['a part', (whole: Buffer) => whole.subarray(0, 6_000)],
  ])('is named, with the way back: %s', async (_, damage) => {
    const drover = await CommandLine.open();
    try {
      await drover.json('collection', 'create', 'one');
      const file = join(drover.dataDir, 'drover.db');
      await writeFile(file, damage(await readFile(file)));
      await Promise.all(['-wal', '-shm'].map((end) => rm(`${file}${end}`, { force: true })));
      const { exitCode, stderr } = await drover.run(['run', 'list']);
      expect([exitCode, stderr]).toEqual([78, expect.stringContaining(`${file} is damaged`)]);
      expect(stderr).toContain('put a backup in its place');
    } finally {
      await drover.close();
    }
  });
});

describe('drover db forget', () => {
  it('wants to know how long things are kept', async () => {
    const asked = await site.drover.run(['db', 'forget']);
    expect([asked.exitCode, asked.stderr]).toEqual([1, expect.stringContaining('DROVER_RETENTION_DAYS')]);
    for (const days of ['0', '-1', '1.5', 'x']) {
      const { exitCode, stderr } = await site.drover.run(['db', 'forget', `--older-than=${days}`]);
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining('a whole number from 1')]);
    }
    const long = await site.drover.run(['db', 'forget', '--older-than', '1000000000']);
    expect([long.exitCode, long.stderr]).toEqual([1, expect.stringContaining('at most 3650 days')]);
  });

  it('keeps what is young, forgets what is old, and goes on where it was killed', async () => {
    const own = await template.open();
    try {
      const first = await own.drover.run([...RUN_ALL, '--json']);
      const { id } = first.json;
      expect(await own.drover.json('db', 'forget', '--older-than', '1')).toMatchObject({
        runs: 0,
        values: 0,
      });
      expect((await own.drover.run(['run', 'show', id])).exitCode).toBe(0);

      await makeOlder(join(own.drover.dataDir, 'drover.db'), { days: 31 });
      for (const afterMs of [200, 260, 320]) {
        const doomed = own.built.start(['db', 'forget', '--older-than', '30']);
        await sleep(afterMs);
        await doomed.killed();
      }
      const environment = { DROVER_RETENTION_DAYS: '30' };
      const forgot = await own.drover.run(['db', 'forget'], { environment });
      expect([forgot.exitCode, forgot.stdout]).toEqual([0, expect.stringContaining('forgot')]);
      expect((await own.drover.json('run', 'list')).data).toEqual([]);
      const shown = await own.drover.run(['run', 'show', id]);
      expect([shown.exitCode, shown.stderr]).toEqual([1, expect.stringContaining('NOT_FOUND')]);
      const rows = await rowsOfRuns(join(own.drover.dataDir, 'drover.db'));
      expect(rows).toEqual({
        runs: 0,
        passes: 0,
        outcomes: 0,
        pass_items: 0,
        events: 0,
        tasks: 0,
        forgotten: 0,
      });
      // What they ran over is there, and is offered anew.
      const again = await own.drover.run([...RUN_ALL, '--json']);
      expect([again.exitCode, again.json.summary.remaining]).toEqual([first.exitCode, 0]);
      expect(total(again.json.summary.counts)).toBe(total(first.json.summary.counts));
    } finally {
      await own.close();
    }
  }, 60_000);
});

const total = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((sum, objects) => sum + objects, 0);

/** Moves what has ended so many days into the past. */
async function makeOlder(file: string, { days }: { days: number }): Promise<void> {
  const { kysely, close } = openSqlite(file);
  const ms = days * 24 * 3_600_000;
  await sql`update runs set created_at = created_at - ${ms}, ended_at = ended_at - ${ms}`.execute(kysely);
  await sql`update passes set created_at = created_at - ${ms}`.execute(kysely);
  await close();
}

async function rowsOfRuns(file: string): Promise<Record<string, number>> {
  const { kysely, close } = openSqlite(file);
  const rows: Record<string, number> = {};
  for (const table of ['runs', 'passes', 'outcomes', 'pass_items', 'events', 'tasks', 'forgotten']) {
    const { rows: found } = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(
      kysely,
    );
    rows[table] = found[0]!.n;
  }
  await close();
  return rows;
}

describe('drover db backup', () => {
  it('writes a database that somebody writes to, and what is restored from it is the same', async () => {
    const file = join(site.drover.folder, 'backup.db');
    const serving = await site.built.start(['serve']);
    await serving.printed(/Executing/);
    const report = await site.drover.json('db', 'backup', '--to', file);
    expect(report).toMatchObject({ to: file, bytes: (await stat(file)).size });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    serving.interrupt();
    expect((await serving.ended).exitCode).toBe(0);

    const restored = await CommandLine.open();
    try {
      await cp(join(site.drover.dataDir, 'keys'), join(restored.dataDir, 'keys'), { recursive: true });
      await cp(file, join(restored.dataDir, 'drover.db'));
      await expectSameSite({ DROVER_DATA_DIR: restored.dataDir });
    } finally {
      await restored.close();
    }
  }, 30_000);

  it('writes over nothing, and leaves servers to their own tools', async () => {
    const again = await site.drover.run(['db', 'backup', '--to', join(site.drover.dataDir, 'drover.db')]);
    expect([again.exitCode, again.stderr]).toEqual([1, expect.stringContaining('it is there already')]);
    const elsewhere = await site.drover.run(['db', 'backup', '--to', 'postgres://u:pw@127.0.0.1/d']);
    expect([elsewhere.exitCode, elsewhere.stderr]).toEqual([1, expect.stringContaining('name a path')]);
    expect(elsewhere.stderr).not.toContain(':pw');
    const environment = { DROVER_DATABASE_URL: 'postgres://127.0.0.1:1/d' };
    const server = await site.drover.run(['db', 'backup', '--to', 'x'], { environment });
    expect([server.exitCode, server.stderr]).toEqual([1, expect.stringContaining('pg_dump')]);
  });
});

describe('drover db copy', () => {
  it.each([
    ['a folder without a database', () => copyTo('b', '/nowhere'), 1, 'NOT_FOUND'],
    ['a password for all to read', () => copyTo('postgres://u:pw@127.0.0.1/d'), 1, 'SECRET_IN_ARGV'],
    ['a mistyped scheme', () => copyTo('postgress://u:pw@127.0.0.1/d'), 1, 'INVALID_ARGUMENT'],
    ['another database', () => copyTo('b', 'mysql://u:pw@127.0.0.1/d'), 1, 'INVALID_ARGUMENT'],
    ['a URL for a variable', () => copyTo('env:postgres://u:pw@127.0.0.1/d'), 1, 'INVALID_ARGUMENT'],
    ['one database as both ends', () => copyTo(site.drover.dataDir), 1, 'INVALID_ARGUMENT'],
    ['a variable that is not set', () => copyTo('env:NO_SUCH_URL'), 1, 'INVALID_ARGUMENT'],
    ['a file that is not there', () => copyTo('file:/nowhere'), 1, 'FILE_UNREADABLE'],
    ['a server that is not there', () => copyTo('postgres://127.0.0.1:1/d'), 78, 'DATABASE_UNREACHABLE'],
  ])('refuses %s', async (_, argv, exitCode, code) => {
    const refused = await site.drover.run(argv());
    expect([refused.exitCode, refused.stderr]).toEqual([exitCode, expect.stringContaining(code)]);
    expect(refused.stderr).not.toContain(':pw');
  });

  it('refuses a source that never was a database, and leaves it so', async () => {
    const folder = join(site.drover.folder, 'never');
    await mkdir(folder);
    const file = join(folder, 'drover.db');
    await writeFile(file, '');
    const refused = await site.drover.run(copyTo('b', folder));
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining('NOT_FOUND')]);
    expect((await stat(file)).size).toBe(0);
    await openSqlite(file).close();
    const again = await site.drover.run(copyTo('b', folder));
    expect([again.exitCode, again.stderr]).toEqual([1, expect.stringContaining('no database of Drover')]);
  });

  const missing = missingPostgres();
  if (missing !== undefined) {
    skipLoudly('drover db copy over PostgreSQL', missing);
    return;
  }
  it(
    'refuses one database as both ends by whatever names',
    async () => {
      const { url, remove } = await makeEmptyPostgres();
      const other = new URL(url);
      other.searchParams.set('application_name', 'other');
      const link = join(site.drover.folder, 'link');
      await symlink(site.drover.dataDir, link);
      try {
        const environment = { URL: url, OTHER: other.href };
        await site.drover.run(['db', 'migrate'], { environment: { DROVER_DATABASE_URL: url } });
        for (const argv of [copyTo('env:OTHER', 'env:URL'), copyTo(link)]) {
          const refused = await site.drover.run(argv, { environment });
          expect([refused.exitCode, refused.stderr]).toEqual([
            1,
            expect.stringContaining('are the same database'),
          ]);
        }
      } finally {
        await remove();
      }
    },
    START_TIMEOUT_MS,
  );

  it(
    'moves a site to a server and back: the same runs, and secrets that open with the same key',
    async () => {
      const { url, remove } = await makeEmptyPostgres();
      const back = await CommandLine.open();
      try {
        const there = await site.drover.run(copyTo('env:TARGET'), { environment: { TARGET: url } });
        expect(there).toMatchObject({ exitCode: 0 });
        expect(there.stdout).toContain('Secrets are encrypted with the key that they had');
        expect(there.stdout).not.toContain(new URL(url).password || 'no password');
        const elsewhere = join(site.drover.folder, 'elsewhere');
        await mkdir(elsewhere);
        await cp(join(site.drover.dataDir, 'keys'), join(elsewhere, 'keys'), { recursive: true });
        await expectSameSite({ DROVER_DATABASE_URL: url, DROVER_DATA_DIR: elsewhere });
        expect(await readdir(elsewhere)).not.toContain('drover.db');

        const urlFile = join(site.drover.folder, 'url');
        await writeFile(urlFile, `${url}\n`);
        const report = await site.drover.json(...copyTo(back.dataDir, `file:${urlFile}`));
        expect(report.tables).toContainEqual(
          expect.objectContaining({ table: 'connections', rows: 1, digest: expect.any(String) }),
        );
        await cp(join(site.drover.dataDir, 'keys'), join(back.dataDir, 'keys'), { recursive: true });
        await expectSameSite({ DROVER_DATA_DIR: back.dataDir });

        const again = await site.drover.run(copyTo(back.dataDir));
        expect([again.exitCode, again.stderr]).toEqual([4, expect.stringContaining('DATABASE_NOT_EMPTY')]);
      } finally {
        await back.close();
        await remove();
      }
    },
    START_TIMEOUT_MS,
  );
});

/** What the copied site answers as the first one does, a call with its secret included. */
async function expectSameSite(environment: Record<string, string>): Promise<void> {
  for (const argv of [
    ['run', 'list'],
    ['collection', 'list'],
    ['action', 'show', ACTION],
    ['objects', 'list', '--collection', COLLECTION, '--limit', '50'],
  ]) {
    const copied = await site.drover.run([...argv, '--json'], { environment });
    expect(copied.json).toEqual((await site.drover.run([...argv, '--json'])).json);
  }
  const tested = await site.drover.run(['connection', 'test', CONNECTION, '--json'], { environment });
  expect([tested.exitCode, tested.stderr]).toEqual([0, '']);
}
