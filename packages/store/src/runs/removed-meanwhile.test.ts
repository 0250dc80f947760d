import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { type EngineWorld, describeDatabases, openEngineWorld } from '@drover/testing';
import type { Transaction } from 'kysely';
import { KyselyCollectionLibrary } from '../collections/kysely-collection-library.js';
import { KyselyConnectionVault } from '../connections/kysely-connection-vault.js';
import type { Database } from '../database/database.js';
import type { Tables } from '../database/tables.js';

const A_WHILE_MS = 150;

describeDatabases('what is removed while it is asked for', (open) => {
  let database: Database;
  let world: EngineWorld;

  beforeEach(async () => {
    database = await open();
    world = await openEngineWorld(database, { objects: 1 });
  });
  afterEach(() => world.close());

  const code = (fault: { code: string }): string => fault.code;

  /** Lets the removal come to what is locked here, asks meanwhile, and lets it go on; where nothing can be locked, one comes first. */
  async function inTheMiddle<Result>(
    lock: (trx: Transaction<Tables>) => Promise<unknown>,
    remove: () => Promise<void>,
    ask: () => Promise<Result>,
  ): Promise<{ removed: string; asked: Result | string }> {
    const released = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const hold = database.traits.rowLocks
      ? database.kysely.transaction().execute(async (trx) => {
          await lock(trx);
          locked.resolve();
          await released.promise;
        })
      : Promise.resolve(locked.resolve());
    await locked.promise;
    const removing = remove().then(() => 'removed', code);
    await sleep(A_WHILE_MS);
    const asking = ask().catch(code);
    await sleep(A_WHILE_MS);
    released.resolve();
    await hold;
    return { removed: await removing, asked: await asking };
  }

  it('a collection has no run and no member afterwards', async () => {
    const collections = new KyselyCollectionLibrary(database);
    const { id } = world.collection;
    const lock = (trx: Transaction<Tables>) =>
      trx.selectFrom('collection_members').selectAll().forUpdate().execute();
    const remove = () => collections.remove(id);
    expect(await inTheMiddle(lock, remove, () => world.engine.submit(world.submission))).toEqual({
      removed: 'removed',
      asked: 'NOT_FOUND',
    });
    await expect(world.addObjects({ from: 1, count: 1 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await database.kysely.selectFrom('passes').select('id').execute()).toEqual([]);
    expect(await database.kysely.selectFrom('collection_members').selectAll().execute()).toEqual([]);
  });

  it('a collection takes no import', async () => {
    const collections = new KyselyCollectionLibrary(database);
    const lock = (trx: Transaction<Tables>) =>
      trx.selectFrom('collection_members').selectAll().forUpdate().execute();
    const remove = () => collections.remove(world.collection.id);
    const { asked } = await inTheMiddle(lock, remove, () => world.addObjects({ from: 1, count: 1 }));
    expect(asked).toBe('NOT_FOUND');
    expect(await database.kysely.selectFrom('collection_members').selectAll().execute()).toEqual([]);
  });

  it('a connection has no run afterwards', async () => {
    const { id } = world.submission.connection;
    const token = { token_id: null, sealed: null, renew_at: null, turn: 0, turn_until: 0 };
    await database.kysely
      .insertInto('access_tokens')
      .values({ connection_id: id, kind: 'k', ...token })
      .execute();
    const vault = new KyselyConnectionVault(database, {} as never, {} as never);
    const lock = (trx: Transaction<Tables>) =>
      trx.selectFrom('access_tokens').selectAll().forUpdate().execute();
    const remove = () => vault.remove(id);
    expect(await inTheMiddle(lock, remove, () => world.engine.submit(world.submission))).toEqual({
      removed: 'removed',
      asked: 'NOT_FOUND',
    });
    expect(await database.kysely.selectFrom('runs').select('id').execute()).toEqual([]);
  });
});
