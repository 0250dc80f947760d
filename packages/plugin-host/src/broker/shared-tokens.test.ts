import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AccessTokenStore, Connection, PluginTarget } from '@drover/engine';
import { type PluginManifest, WIRE_PROTOCOL } from '@drover/model';
import { type Database, KyselyAccessTokenStore, KyselyConnectionVault, readSecretFile } from '@drover/store';
import { type LoopbackVendor, describeDatabases, manualClock, startLoopbackVendor } from '@drover/testing';
import { LocalGovernor } from '../governor/local-governor.js';
import { createSecretCipher } from '../secrets/cipher.js';
import type { Broker, CallScope, HookBroker } from './broker.js';
import { type Clock, systemClock } from './clock.js';
import { createBroker } from './create-broker.js';

const SECRET = 'secret-of-the-account';

/** Issues tokens, knows which are good, and says back what it was shown. */
class TokenVendor {
  issued: string[] = [];
  readonly #good = new Set<string>();
  /** How long issuing a token takes. */
  latencyMs = 20;
  /** Secrets that are let in. */
  secrets = new Set([SECRET]);
  server!: LoopbackVendor;

  async open(): Promise<void> {
    this.server = await startLoopbackVendor((request, response) => {
      void this.#answer(request, response);
    });
  }

  revoke(): void {
    this.#good.clear();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const reply = (status: number, value: object) => response.writeHead(status).end(JSON.stringify(value));
    if (request.url !== '/oauth2/token') {
      const shown = request.headers.authorization!.slice('Bearer '.length);
      reply(this.#good.has(shown) ? 200 : 401, { shown });
      return;
    }
    await delay(this.latencyMs);
    if (!this.secrets.has(new URLSearchParams(body).get('client_secret')!)) return void reply(401, {});
    const token = `minted-${randomBytes(12).toString('hex')}`;
    this.issued.push(token);
    this.#good.add(token);
    reply(201, { access_token: token, expires_in: 1_799 });
  }
}

describeDatabases('access tokens that processes share', (open) => {
  let database: Database;
  let vault: KyselyConnectionVault;
  let store: AccessTokenStore;
  let vendor: TokenVendor;
  let connection: Connection;
  let brokers: Broker[];

  beforeEach(async () => {
    database = await open();
    const cipher = createSecretCipher({ current: randomBytes(32).toString('base64') });
    vault = new KyselyConnectionVault(database, cipher, { env: {}, readFile: readSecretFile });
    store = new KyselyAccessTokenStore(database, cipher);
    vendor = new TokenVendor();
    await vendor.open();
    brokers = [];
    connection = await vault.create({
      name: 'prod',
      vendor: 'Acme',
      settings: { baseUrl: vendor.server.url, clientId: 'drover' },
      secrets: { clientSecret: { value: SECRET } },
    });
  });
  afterEach(async () => {
    await Promise.all(brokers.map((broker) => broker.close()));
    await vendor.server.close();
  });

  /** A hook of another process. */
  function hook(
    scope: Partial<CallScope> = {},
    { clock = systemClock, tokenStore = store }: { clock?: Clock; tokenStore?: AccessTokenStore } = {},
  ): Promise<HookBroker> {
    const broker = createBroker({ vault, governor: new LocalGovernor(), tokenStore, clock });
    brokers.push(broker);
    return hookOf(broker, scope);
  }

  async function hookOf(broker: Broker, scope: Partial<CallScope> = {}): Promise<HookBroker> {
    const current = (await vault.find('prod'))!;
    const target: PluginTarget = { bundleDigest: 'none', manifest: MANIFEST, connection: current };
    const signal = new AbortController().signal;
    return broker.forHook(target, {
      mode: 'apply',
      signal,
      beforeWrite: async () => ({ do: 'send' }),
      ...scope,
    });
  }

  it('are got by one of eight at once, and by none that comes later', async () => {
    const hooks = await Promise.all(Array.from({ length: 8 }, () => hook()));
    const replies = await Promise.all(hooks.flatMap((one) => [one.call('look', {}), one.call('look', {})]));
    expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 16 }, () => 200));
    await (await hook()).call('look', {});
    expect(vendor.issued).toHaveLength(1);
  });

  it('are got anew by one of eight that hold a revoked one', async () => {
    const hooks = await Promise.all(Array.from({ length: 8 }, () => hook()));
    await Promise.all(hooks.map((one) => one.call('look', {})));
    vendor.revoke();
    const replies = await Promise.all(hooks.map((one) => one.call('look', {})));
    expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(vendor.issued).toHaveLength(2);
    await Promise.all(hooks.map((one) => one.call('look', {})));
    expect(vendor.issued).toHaveLength(2);
  });

  it('are hidden by a process that has not got them itself', async () => {
    await (await hook()).call('look', {});
    const other = await hook();
    expect((await other.call('look', {})).body).toEqual({ shown: '[REDACTED]' });
    expect(other.redact(`said ${vendor.issued[0]}`)).toBe('said [REDACTED]');
    expect(
      JSON.stringify(await database.kysely.selectFrom('access_tokens').selectAll().execute()),
    ).not.toContain('minted-');
  });

  it('are not those of a connection that was changed', async () => {
    await (await hook()).call('look', {});
    await vault.update('prod', { secrets: { clientSecret: { value: 'a-new-secret-of-the-account' } } });
    const refused = hook().then((one) => one.call('look', {}));
    await expect(refused).rejects.toMatchObject({ code: 'CREDENTIALS_REFUSED' });
    vendor.secrets.add('a-new-secret-of-the-account');
    await (await hook()).call('look', {});
    expect(vendor.issued).toHaveLength(2);
  });

  it('do not serve a connection test', async () => {
    const shared = await hook();
    await shared.call('look', {});
    const broker = brokers[0]!;
    vendor.secrets.clear();
    const test = await hookOf(broker, { freshTokens: true });
    await expect(test.call('look', {})).rejects.toMatchObject({ code: 'CREDENTIALS_REFUSED' });
    await shared.call('look', {});
    vendor.secrets.add(SECRET);
    const second = await hookOf(broker, { freshTokens: true });
    await second.call('look', {});
    await second.call('look', {});
    expect(vendor.issued).toHaveLength(2);
  });

  describe('while another process gets one', () => {
    async function otherTakesTurn(now: number): Promise<void> {
      const [kept] = await database.kysely.selectFrom('access_tokens').selectAll().execute();
      const ref = {
        connectionId: connection.id,
        connectionUpdatedAt: connection.updatedAt,
        kind: kept!.kind,
        basis: 'of another account',
      };
      expect(await store.takeTurn(ref, { ttlMs: 10_000, now: new Date(now) })).toMatchObject({
        kind: 'turn',
      });
    }

    /** So that there is a row of the kind, as due as can be. */
    async function useUp(): Promise<void> {
      await (await hook()).call('look', {});
      await database.kysely.updateTable('access_tokens').set({ renew_at: 0 }).execute();
    }

    it('wait, and help themselves once it is dead', async () => {
      await useUp();
      const clock = manualClock();
      await otherTakesTurn(clock.now());
      const waiting = await hook({}, { clock });
      expect(await waiting.call('look', {})).toMatchObject({ status: 200 });
      expect(clock.slept.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(9_999);
      expect(vendor.issued).toHaveLength(2);
    });

    it('wait no longer than their hook runs', async () => {
      await useUp();
      await otherTakesTurn(Date.now());
      const stop = new AbortController();
      const waiting = (await hook({ signal: stop.signal })).call('look', {});
      setTimeout(() => stop.abort(), 50);
      await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(vendor.issued).toHaveLength(1);
    });

    it('wait a minute for one that does not come to an end', async () => {
      await useUp();
      const clock = manualClock();
      await otherTakesTurn(clock.now() + 120_000);
      const waiting = await hook({}, { clock });
      expect(await waiting.call('look', {})).toMatchObject({ status: 200 });
      expect(clock.slept.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(61_000);
    });
  });

  it('a refused secret gives the turn back', async () => {
    vendor.secrets.clear();
    const [first, second] = [await hook(), await hook()];
    const calls = [first.call('look', {}), second.call('look', {})];
    for (const settled of await Promise.allSettled(calls)) expect(settled.status).toBe('rejected');
    const rows = await database.kysely.selectFrom('access_tokens').selectAll().execute();
    expect(rows).toMatchObject([{ turn: 2, turn_until: 0, sealed: null }]);
  });

  it('a store that fails keeps nobody from a token', async () => {
    const fail = () => Promise.reject(new Error('the database is away'));
    const away = { read: fail, takeTurn: fail, keep: fail, prolong: fail, giveUp: fail, drop: fail };
    const alone = await hook({}, { tokenStore: away });
    await alone.call('look', {});
    await alone.call('look', {});
    const half = await hook(
      {},
      { tokenStore: { ...away, read: store.read.bind(store), takeTurn: store.takeTurn.bind(store) } },
    );
    expect(await half.call('look', {})).toMatchObject({ status: 200 });
    expect(vendor.issued).toHaveLength(2);
  });
});

const MANIFEST: PluginManifest = {
  id: 'acme.test',
  version: '1.0.0',
  name: 'Test',
  description: 'Looks.',
  vendor: 'Acme',
  kind: 'action',
  engines: { drover: '^0.1.0' },
  protocol: WIRE_PROTOCOL,
  connection: {
    schema: { type: 'object' },
    auth: {
      default: {
        type: 'oauth2-client-credentials',
        tokenPath: '/oauth2/token',
        clientId: 'clientId',
        secret: 'clientSecret',
      },
    },
  },
  config: { type: 'object' },
  calls: [
    {
      name: 'look',
      method: 'GET',
      path: '/items',
      purpose: 'looking',
      effect: 'read',
      delivery: 'repeatable',
    },
  ],
  limits: { objectsPerRun: { default: 1_000, max: 10_000 }, batch: { objects: 100 } },
  triggers: ['manual'],
};
