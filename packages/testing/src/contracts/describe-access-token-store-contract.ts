import { beforeEach, describe, expect, it } from '@jest/globals';
import type {
  AccessTokenStore,
  Connection,
  ConnectionVault,
  MintTurn,
  TokenRef,
  TurnAnswer,
} from '@drover/engine';

/** A store of access tokens over nothing yet, with the vault of the connections that they are for. */
export interface OpenedAccessTokenStore {
  tokens: AccessTokenStore;
  vault: ConnectionVault;
  /** Stores over the same rows: with another encryption key only, and with another one that knows this one as a previous one. */
  withOtherKey(): AccessTokenStore;
  withNewerKey(): AccessTokenStore;
  /** All that is stored, as text. */
  dump(): Promise<string>;
}

const NOW = new Date('2026-03-01T12:00:00.000Z');
const TTL_MS = 10_000;
const VALUE = 'minted-token-0123456789';
const BASIS = 'basis-of-the-token';
const TOKEN = { value: VALUE, host: 'eu.example.com', renewAtMs: NOW.getTime() + 60_000 };

function later(ms: number): Date {
  return new Date(NOW.getTime() + ms);
}

function turnOf(answer: TurnAnswer): MintTurn {
  if (answer.kind === 'turn') return answer;
  throw new Error(`the answer was ${answer.kind}`);
}

/** What every `AccessTokenStore` does. */
export function describeAccessTokenStoreContract(open: () => Promise<OpenedAccessTokenStore>): void {
  describe('a store of access tokens', () => {
    let opened: OpenedAccessTokenStore;
    let tokens: AccessTokenStore;
    let ref: TokenRef;
    beforeEach(async () => {
      opened = await open();
      tokens = opened.tokens;
      const secrets = { clientSecret: { value: 'secret-of-the-account' } };
      ref = refOf(await opened.vault.create({ name: 'prod', vendor: 'Acme', settings: {}, secrets }));
    });

    function refOf({ id, updatedAt }: Connection): TokenRef {
      return { connectionId: id, connectionUpdatedAt: updatedAt, kind: 'k1', basis: BASIS };
    }

    const take = (now = NOW, of = ref, store = tokens) => store.takeTurn(of, { ttlMs: TTL_MS, now });

    /** One turn to its end. */
    async function mint(token = TOKEN, now = NOW, store = tokens): Promise<void> {
      const kept = await store.keep(ref, turnOf(await take(now, ref, store)), token);
      if (kept === undefined) throw new Error('the token was not kept');
    }

    it('keeps a token until it is due, and nothing of it in the open', async () => {
      expect(await tokens.read(ref, NOW)).toBeUndefined();
      const turn = turnOf(await take());
      const kept = await tokens.keep(ref, turn, TOKEN);
      expect(kept).toEqual({ ...TOKEN, id: expect.any(String) });
      expect(await tokens.read(ref, later(59_999))).toEqual(kept);
      expect(await take(later(59_999))).toEqual({ kind: 'token', ...kept });
      expect(await tokens.read(ref, later(60_000))).toBeUndefined();
      expect(await take(later(60_000))).toMatchObject({ kind: 'turn' });
      const stored = await opened.dump();
      expect(stored).toContain('k1');
      for (const secret of [VALUE, 'eu.example.com', BASIS]) expect(stored).not.toContain(secret);
    });

    it('gives one of many the turn, and the others its token', async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => take()));
      const kinds = answers.map(({ kind }) => kind).toSorted();
      expect(kinds).toEqual([...Array.from({ length: 7 }, () => 'busy'), 'turn']);
      const turn = turnOf(answers.find(({ kind }) => kind === 'turn')!);
      expect(await tokens.read(ref, NOW)).toBeUndefined();
      await tokens.keep(ref, turn, TOKEN);
      expect((await Promise.all([take(), take()])).map(({ kind }) => kind)).toEqual(['token', 'token']);
    });

    it('lets another take a turn that has run out; the late one keeps nothing and prolongs nothing', async () => {
      const late = turnOf(await take());
      expect(await tokens.prolong(ref, late, later(15_000))).toBe(true);
      expect(await take(later(14_999))).toEqual({ kind: 'busy' });
      const next = turnOf(await take(later(15_000)));
      expect(await tokens.prolong(ref, late, later(60_000))).toBe(false);
      expect(await tokens.keep(ref, late, { ...TOKEN, value: 'token-of-the-late-one' })).toBeUndefined();
      await tokens.giveUp(ref, late);
      expect(await take(later(15_001))).toEqual({ kind: 'busy' });
      await tokens.keep(ref, next, TOKEN);
      expect(await tokens.keep(ref, late, { ...TOKEN, value: 'token-of-the-late-one' })).toBeUndefined();
      expect(await tokens.keep(ref, next, { ...TOKEN, value: 'a-second-one-of-it' })).toBeUndefined();
      expect(await tokens.read(ref, NOW)).toMatchObject({ value: VALUE });
    });

    it('frees a turn that was given up at once', async () => {
      await tokens.giveUp(ref, turnOf(await take()));
      expect(await take()).toMatchObject({ kind: 'turn' });
    });

    it('drops exactly the token that was refused, however many say so', async () => {
      await mint();
      const first = (await tokens.read(ref, NOW))!;
      await Promise.all([tokens.drop(ref, first), tokens.drop(ref, first)]);
      expect(await tokens.read(ref, NOW)).toBeUndefined();
      await mint({ ...TOKEN, value: 'minted-token-the-second' });
      await tokens.drop(ref, first);
      expect(await tokens.read(ref, NOW)).toMatchObject({ value: 'minted-token-the-second' });
    });

    it('keeps kinds and connections apart', async () => {
      await mint();
      const other = await opened.vault.create({ name: 'lab', vendor: 'Acme', settings: {} });
      for (const one of [refOf(other), { ...ref, kind: 'k2' }]) {
        expect(await tokens.read(one, NOW)).toBeUndefined();
        expect(await take(NOW, one)).toMatchObject({ kind: 'turn' });
      }
      expect(await tokens.read(ref, NOW)).toMatchObject({ value: VALUE });
    });

    it('takes a token of another account for none', async () => {
      await mint();
      const changed = { ...ref, basis: 'b2' };
      expect(await tokens.read(changed, NOW)).toBeUndefined();
      expect(await take(NOW, changed)).toMatchObject({ kind: 'turn' });
    });

    it('forgets tokens when their connection is changed, and keeps none that comes late', async () => {
      await mint();
      const before = turnOf(await take(later(60_000)));
      const changed = refOf(await opened.vault.update('prod', { settings: { region: 'eu' } }));
      expect(await tokens.read(changed, NOW)).toBeUndefined();
      expect(await take(NOW, ref)).toEqual({ kind: 'outdated' });
      const after = turnOf(await take(NOW, changed));
      expect(await tokens.keep(ref, before, TOKEN)).toBeUndefined();
      expect(await tokens.keep(changed, after, TOKEN)).toMatchObject({ value: VALUE });
    });

    it('forgets tokens when their connection is removed', async () => {
      const turn = turnOf(await take());
      await opened.vault.remove('prod');
      expect(await tokens.keep(ref, turn, TOKEN)).toBeUndefined();
      expect(await take()).toEqual({ kind: 'outdated' });
      expect(await opened.dump()).toBe('[]');
    });

    it('takes what does not open for none, and what was encrypted with a previous key as it is', async () => {
      await mint();
      const newer = opened.withNewerKey();
      expect(await newer.read(ref, NOW)).toMatchObject({ value: VALUE });
      const other = opened.withOtherKey();
      expect(await other.read(ref, NOW)).toBeUndefined();
      await mint({ ...TOKEN, value: 'minted-token-the-second' }, NOW, other);
      expect(await other.read(ref, NOW)).toMatchObject({ value: 'minted-token-the-second' });
      expect(await newer.read(ref, NOW)).toBeUndefined();
    });
  });
}
