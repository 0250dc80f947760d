import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type PluginObject, asFault } from '@drover/model';
import { openEngineWorld } from '@drover/testing';
import { sql } from 'kysely';
import type { Database } from './database.js';
import { migrate } from './migrate.js';
import { openSqlite } from './sqlite.js';

const PLENTY = 1_000_000;

describe('a database on a full disk', () => {
  let folder: string;
  let database: Database;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drover-full-'));
    database = openSqlite(join(folder, 'drover.db'));
    await migrate(database);
  });
  afterEach(async () => {
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** To SQLite, a file that may not grow is a full disk. */
  async function allowPages(pages: number): Promise<void> {
    await sql`pragma max_page_count = ${sql.lit(pages)}`.execute(database.kysely);
  }

  const succeed = (objects: PluginObject[]) =>
    objects.map(({ id }) => ({ objectId: id, status: 'succeeded' }));

  it('refuses what does not fit, by its name, and takes it when there is space', async () => {
    await allowPages(1);
    const insert = (): Promise<unknown> =>
      database.kysely.transaction().execute(async (trx) => {
        for (let n = 0; n < 50; n++) {
          const row = { name: `lease-${n}`, owner: 'x'.repeat(4_000), token: 1, until: 0, data: '{}' };
          await trx.insertInto('leases').values(row).execute();
        }
      });
    const refusal = await insert().catch(asFault);
    expect(refusal).toMatchObject({ code: 'DISK_FULL', retryable: true });
    expect((refusal as Error).message).toContain('database or disk is full');
    expect(await database.kysely.selectFrom('leases').select('name').execute()).toEqual([]);
    await allowPages(PLENTY);
    await insert();
    expect(await database.kysely.selectFrom('leases').select('name').execute()).toHaveLength(50);
  });

  it('keeps a run from settling, which goes on by itself when there is space', async () => {
    let calls = 0;
    const world = await openEngineWorld(database, {
      objects: 400,
      manifest: {
        limits: { objectsPerRun: { default: 400, max: 400 }, batch: { objects: 200 }, concurrency: 1 },
      },
      engine: { leaseMs: 600 },
      script: {
        execute: async (objects) => {
          calls += 1;
          if (calls === 1) await allowPages(1);
          return succeed(objects);
        },
      },
    });
    const ended = world.run();
    while (!world.errors.some((error) => asFault(error).code === 'DISK_FULL')) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await allowPages(PLENTY);
    const run = await ended;
    expect(run).toMatchObject({ status: 'succeeded', summary: { counts: { succeeded: 400 } } });
    // The batch whose outcomes could not be stored was run again.
    expect(calls).toBe(3);
    await world.close();
  });
});
