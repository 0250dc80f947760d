import { randomBytes } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { createSecretCipher } from '@drover/plugin-host';
import { describeAccessTokenStoreContract, describeDatabases } from '@drover/testing';
import type { Database } from '../database/database.js';
import { KyselyAccessTokenStore } from './kysely-access-token-store.js';
import { KyselyConnectionVault } from './kysely-connection-vault.js';
import { readSecretFile } from './secret-sources.js';

const newKey = () => randomBytes(32).toString('base64');

function storesOver(database: Database) {
  const current = newKey();
  const cipher = createSecretCipher({ current });
  const withKeys = (keys: { current: string; previous?: string[] }) =>
    new KyselyAccessTokenStore(database, createSecretCipher(keys));
  return {
    tokens: new KyselyAccessTokenStore(database, cipher),
    vault: new KyselyConnectionVault(database, cipher, { env: {}, readFile: readSecretFile }),
    withOtherKey: () => withKeys({ current: newKey() }),
    withNewerKey: () => withKeys({ current: newKey(), previous: [current] }),
    dump: async () => JSON.stringify(await database.kysely.selectFrom('access_tokens').selectAll().execute()),
  };
}

describeDatabases('KyselyAccessTokenStore', (open) => {
  describeAccessTokenStoreContract(async () => storesOver(await open()));

  it('takes a record that was moved to another connection for none', async () => {
    const database = await open();
    const { tokens, vault } = storesOver(database);
    const now = new Date();
    const refs = [];
    for (const name of ['first', 'second']) {
      const { id, updatedAt } = await vault.create({ name, vendor: 'Acme', settings: {} });
      const ref = { connectionId: id, connectionUpdatedAt: updatedAt, kind: 'k', basis: 'b' };
      const turn = await tokens.takeTurn(ref, { ttlMs: 1_000, now });
      if (turn.kind !== 'turn') throw new Error(turn.kind);
      await tokens.keep(ref, turn, { value: `token of ${name}`, renewAtMs: now.getTime() + 60_000 });
      refs.push(ref);
    }
    const [first, second] = refs as [(typeof refs)[0], (typeof refs)[0]];
    const { sealed } = await database.kysely
      .selectFrom('access_tokens')
      .select('sealed')
      .where('connection_id', '=', first.connectionId)
      .executeTakeFirstOrThrow();
    await database.kysely
      .updateTable('access_tokens')
      .set({ sealed })
      .where('connection_id', '=', second.connectionId)
      .execute();
    expect(await tokens.read(second, now)).toBeUndefined();
    expect(await tokens.read(first, now)).toMatchObject({ value: 'token of first' });
  });
});
