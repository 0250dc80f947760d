import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ConnectionId, RunStatus } from '@drover/model';
import { newId } from '@drover/model';
import { createSecretCipher } from '@drover/plugin-host';
import { describeConnectionVaultContract, describeDatabases } from '@drover/testing';
import type { Insertable } from 'kysely';
import type { Database } from '../database/database.js';
import type { Tables } from '../database/tables.js';
import { KyselyConnectionVault } from './kysely-connection-vault.js';
import { readSecretFile } from './secret-sources.js';

const newCipher = () => createSecretCipher({ current: randomBytes(32).toString('base64') });

describeDatabases('KyselyConnectionVault', (open) => {
  describeConnectionVaultContract(async () => {
    const database = await open();
    const env: Record<string, string> = {};
    const files: Record<string, string> = {};
    const sources = {
      env,
      readFile: async (path: string) => files[path] ?? Promise.reject(new Error('no such file')),
    };
    return {
      vault: new KyselyConnectionVault(database, newCipher(), sources),
      env,
      files,
      withOtherKey: () => new KyselyConnectionVault(database, newCipher(), sources),
      addRun: (connectionId, status) => addRun(database, connectionId, status),
      dump: async () => JSON.stringify(await database.kysely.selectFrom('connections').selectAll().execute()),
    };
  });

  it('refuses a record that was moved to another connection', async () => {
    const { kysely, ...rest } = await open();
    const vault = new KyselyConnectionVault({ kysely, ...rest }, newCipher(), {
      env: {},
      readFile: readSecretFile,
    });
    const input = { vendor: 'Acme', settings: {}, secrets: { apiToken: { value: 'tok-0123456789' } } };
    const first = await vault.create({ ...input, name: 'first' });
    const second = await vault.create({ ...input, name: 'second' });
    const { secrets } = await kysely
      .selectFrom('connections')
      .select('secrets')
      .where('id', '=', first.id)
      .executeTakeFirstOrThrow();
    await kysely.updateTable('connections').set({ secrets }).where('id', '=', second.id).execute();
    await expect(vault.reveal(second.id)).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
  });
});

describe('readSecretFile', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drover-secret-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('reads a file up to the limit', async () => {
    const path = join(folder, 'token');
    await writeFile(path, 'tök\n');
    expect(await readSecretFile(path, { maxBytes: 5 })).toBe('tök\n');
    await expect(readSecretFile(path, { maxBytes: 4 })).rejects.toThrow('larger than 4 bytes');
  });

  it('reads nothing but regular files', async () => {
    await expect(readSecretFile(folder, { maxBytes: 5 })).rejects.toThrow('no regular file');
    await expect(readSecretFile('/dev/zero', { maxBytes: 5 })).rejects.toThrow('no regular file');
  });
});

/** A row of `runs` with what matters here; every other column that has to be filled is 0 or empty. */
async function addRun({ kysely }: Database, connectionId: ConnectionId, status: RunStatus): Promise<void> {
  const tables = await kysely.introspection.getTables();
  const columns = tables.find((table) => table.name === 'runs')?.columns ?? [];
  const filled = columns
    .filter((column) => !column.isNullable && !column.hasDefaultValue)
    .map((column) => [column.name, column.dataType === 'text' ? '' : 0]);
  const row = { ...Object.fromEntries(filled), id: newId('run'), connection_id: connectionId, status };
  await kysely
    .insertInto('runs')
    .values(row as Insertable<Tables['runs']>)
    .execute();
}
