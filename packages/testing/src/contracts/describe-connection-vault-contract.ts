import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Connection, ConnectionInput, ConnectionVault } from '@drover/engine';
import type { ConnectionId, RunStatus } from '@drover/model';

/** A vault over nothing yet, with what its references read and what uses its connections. */
export interface OpenedConnectionVault {
  vault: ConnectionVault;
  /** Variables that `env:` references read. */
  env: Record<string, string>;
  /** Texts that `file:` references read, by path. */
  files: Record<string, string>;
  /** A vault over the same connections that has another encryption key only. */
  withOtherKey(): ConnectionVault;
  /** A run over the connection in this status. */
  addRun(connectionId: ConnectionId, status: RunStatus): Promise<void>;
  /** All that is stored, as text. */
  dump(): Promise<string>;
}

const TOKEN = 'tok-0123456789';
const INPUT: ConnectionInput = {
  name: 'prod',
  vendor: 'Acme',
  settings: { baseUrl: 'Tenant.example.com/', region: 'eu' },
  secrets: { apiToken: { value: TOKEN } },
};

/** What every `ConnectionVault` does. */
export function describeConnectionVaultContract(open: () => Promise<OpenedConnectionVault>): void {
  let opened: OpenedConnectionVault;
  let vault: ConnectionVault;
  beforeEach(async () => {
    opened = await open();
    vault = opened.vault;
  });

  describe('creating', () => {
    it('gives a connection with its base URL as kept, defaults, and secrets as set', async () => {
      const connection = await vault.create(INPUT);
      expect(connection).toEqual({
        id: expect.stringMatching(/^con_[0-9a-f]{32}$/),
        name: 'prod',
        vendor: 'Acme',
        settings: { baseUrl: 'https://tenant.example.com', region: 'eu' },
        transport: { verifyTls: true, proxy: 'system' },
        secrets: { apiToken: 'stored' },
        createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
        updatedAt: connection.createdAt,
      } satisfies Record<Exclude<keyof Connection, 'concurrency'>, unknown>);
      expect(await vault.find('prod')).toEqual(connection);
      expect(await vault.find(connection.id)).toEqual(connection);
    });

    it('refuses a name that is taken, and leaves the first as it was', async () => {
      const first = await vault.create(INPUT);
      await expect(vault.create({ ...INPUT, vendor: 'Other' })).rejects.toMatchObject({
        code: 'CONNECTION_EXISTS',
      });
      expect(await vault.list()).toEqual([first]);
    });

    it('lets one of several at once have the name', async () => {
      const all = await Promise.allSettled(Array.from({ length: 5 }, () => vault.create(INPUT)));
      expect(all.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    });

    it.each<[string, Partial<ConnectionInput>, string, string]>([
      ['an empty name', { name: '' }, 'INVALID_ARGUMENT', '/name'],
      ['a name that is an id', { name: `con_${'0'.repeat(32)}` }, 'INVALID_ARGUMENT', '/name'],
      [
        'plain http',
        { settings: { baseUrl: 'http://tenant.example.com' } },
        'BASE_URL_INSECURE',
        '/settings/baseUrl',
      ],
      ['a base URL of a number', { settings: { baseUrl: 7 } }, 'BASE_URL_INVALID', '/settings/baseUrl'],
      [
        'a proxy of another kind',
        { transport: { proxy: 'socks5://127.0.0.1' } },
        'PROXY_INVALID',
        '/transport/proxy',
      ],
      [
        'a proxy with a password',
        { transport: { proxy: 'http://a:b@127.0.0.1' } },
        'PROXY_INVALID',
        '/transport/proxy',
      ],
      [
        'a short secret',
        { secrets: { apiToken: { value: '12345' } } },
        'SECRET_TOO_SHORT',
        '/secrets/apiToken',
      ],
      [
        'a reference to nothing',
        { secrets: { apiToken: { env: '' } } },
        'INVALID_ARGUMENT',
        '/secrets/apiToken',
      ],
    ])('refuses %s', async (_, wrong, code, path) => {
      await expect(vault.create({ ...INPUT, ...wrong })).rejects.toMatchObject({ code, path });
      expect(await vault.list()).toEqual([]);
    });
  });

  describe('secrets', () => {
    it('are revealed and are nowhere in the open', async () => {
      const { id } = await vault.create(INPUT);
      expect(await vault.reveal(id)).toEqual({ apiToken: TOKEN });
      expect(await opened.dump()).not.toContain(TOKEN);
      expect(JSON.stringify(await vault.list())).not.toContain(TOKEN);
    });

    it('by reference are read anew each time, without the line break that ends a file', async () => {
      opened.env.ACME_TOKEN = 'from-the-environment';
      opened.files['/run/secrets/acme'] = 'from-a-file\n';
      const secrets = { first: { env: 'ACME_TOKEN' }, second: { file: '/run/secrets/acme' } };
      const { id, ...connection } = await vault.create({ ...INPUT, secrets });
      expect(connection.secrets).toEqual({ first: 'env:ACME_TOKEN', second: 'file:/run/secrets/acme' });
      expect(await vault.reveal(id)).toEqual({ first: 'from-the-environment', second: 'from-a-file' });
      opened.files['/run/secrets/acme'] = 'rotated-since\r\n';
      expect(await vault.reveal(id)).toEqual({ first: 'from-the-environment', second: 'rotated-since' });
    });

    it.each([
      [{ env: 'ABSENT' }, 'SECRET_UNREADABLE', /environment variable ABSENT is not set/],
      [{ file: '/run/absent' }, 'SECRET_UNREADABLE', /file \/run\/absent cannot be read/],
      [{ env: 'SHORT' }, 'SECRET_TOO_SHORT', /apiToken/],
    ])('by the reference %j are %s', async (reference, code, message) => {
      opened.env.SHORT = '12345';
      const { id } = await vault.create({ ...INPUT, secrets: { apiToken: reference } });
      await expect(vault.reveal(id)).rejects.toMatchObject({
        code,
        path: '/secrets/apiToken',
        message: expect.stringMatching(message),
      });
    });

    it('do not open with another key, while everything else does', async () => {
      const created = await vault.create(INPUT);
      const other = opened.withOtherKey();
      await expect(other.reveal(created.id)).rejects.toMatchObject({ code: 'KEY_UNKNOWN' });
      expect(await other.find('prod')).toEqual(created);
      const keeping = other.update('prod', { secrets: { second: { value: 'another-one' } } });
      await expect(keeping).rejects.toMatchObject({ code: 'KEY_UNKNOWN' });
    });

    it('can be set again when their key is lost', async () => {
      const { id } = await vault.create(INPUT);
      const other = opened.withOtherKey();
      await other.update('prod', { secrets: { apiToken: { value: 'set-again' } } });
      expect(await other.reveal(id)).toEqual({ apiToken: 'set-again' });
    });

    it('of a connection that is not there are not found', async () => {
      const missing = `con_${'0'.repeat(32)}` as ConnectionId;
      await expect(vault.reveal(missing)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });
  });

  describe('the concurrency', () => {
    it('is none, or what was given last', async () => {
      expect(await vault.create(INPUT)).not.toHaveProperty('concurrency');
      expect(await vault.update('prod', { concurrency: 4 })).toMatchObject({ concurrency: 4 });
      expect(await vault.update('prod', { settings: {} })).toMatchObject({ concurrency: 4 });
      expect(await vault.find('prod')).toMatchObject({ concurrency: 4 });
      expect(await vault.update('prod', { concurrency: null })).not.toHaveProperty('concurrency');
      const second = await vault.create({ ...INPUT, name: 'second', concurrency: 1_000 });
      expect(second).toMatchObject({ concurrency: 1_000 });
    });

    it.each([0, -1, 1.5, 1_001, Number.NaN])('of %p is refused', async (concurrency) => {
      const refused = { code: 'INVALID_ARGUMENT', path: '/concurrency' };
      await expect(vault.create({ ...INPUT, concurrency })).rejects.toMatchObject(refused);
      expect(await vault.list()).toEqual([]);
      await vault.create(INPUT);
      await expect(vault.update('prod', { concurrency })).rejects.toMatchObject(refused);
    });
  });

  describe('updating', () => {
    it('changes what is given, field by field, and its time', async () => {
      const before = await vault.create(INPUT);
      const after = await vault.update('prod', {
        settings: { region: undefined, zone: 'a', baseUrl: 'https://moved.example.com/v2/' },
        transport: { verifyTls: false },
        secrets: { second: { value: 'second-secret' } },
      });
      expect(after).toEqual({
        ...before,
        settings: { baseUrl: 'https://moved.example.com/v2', zone: 'a' },
        transport: { verifyTls: false, proxy: 'system' },
        secrets: { apiToken: 'stored', second: 'stored' },
        updatedAt: expect.any(String),
      });
      expect(after.updatedAt > before.updatedAt).toBe(true);
      expect(await vault.find('prod')).toEqual(after);
      expect(await vault.reveal(before.id)).toEqual({ apiToken: TOKEN, second: 'second-secret' });
    });

    it('removes a secret given as undefined', async () => {
      const { id } = await vault.create(INPUT);
      expect((await vault.update(id, { secrets: { apiToken: undefined } })).secrets).toEqual({});
      expect(await vault.reveal(id)).toEqual({});
    });

    it('loses no change of several at once', async () => {
      const { id } = await vault.create(INPUT);
      const fields = ['a', 'b', 'c', 'd', 'e'];
      await Promise.all(
        fields.map((field) => vault.update(id, { secrets: { [field]: { value: `secret-${field}` } } })),
      );
      expect(Object.keys(await vault.reveal(id)).toSorted()).toEqual(['a', 'apiToken', ...fields.slice(1)]);
    });

    it('refuses what creating refuses and changes nothing then', async () => {
      const before = await vault.create(INPUT);
      const wrong = vault.update('prod', { settings: { baseUrl: 'http://tenant.example.com' } });
      await expect(wrong).rejects.toMatchObject({ code: 'BASE_URL_INSECURE' });
      const short = vault.update('prod', { secrets: { apiToken: { value: 'short' } } });
      await expect(short).rejects.toMatchObject({ code: 'SECRET_TOO_SHORT' });
      expect(await vault.find('prod')).toEqual(before);
    });

    it('of a connection that is not there is refused', async () => {
      await expect(vault.update('absent', {})).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });
  });

  it('lists by name', async () => {
    for (const name of ['b', 'a', 'c']) await vault.create({ ...INPUT, name });
    expect((await vault.list()).map((connection) => connection.name)).toEqual(['a', 'b', 'c']);
  });

  describe('removing', () => {
    it('takes the connection and its secrets away', async () => {
      const { id } = await vault.create(INPUT);
      await opened.addRun(id, 'succeeded');
      await vault.remove('prod');
      expect(await vault.find('prod')).toBeUndefined();
      expect(await vault.list()).toEqual([]);
      await expect(vault.remove('prod')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it.each(['queued', 'running', 'waiting'] as const)(
      'is refused while a run over it is %s',
      async (status) => {
        const { id } = await vault.create(INPUT);
        await opened.addRun(id, status);
        await expect(vault.remove('prod')).rejects.toMatchObject({ code: 'CONNECTION_IN_USE' });
        expect(await vault.find('prod')).toBeDefined();
      },
    );
  });
}
