import { randomUUID } from 'node:crypto';
import type {
  AccessTokenStore,
  KeptToken,
  MintedToken,
  MintTurn,
  SealedRecord,
  SecretCipher,
  TokenRef,
  TurnAnswer,
} from '@drover/engine';
import type { Kysely, Selectable } from 'kysely';
import type { Database } from '../database/database.js';
import type { Tables } from '../database/tables.js';

type Row = Selectable<Tables['access_tokens']>;

/** What is encrypted: the token with the account that it is for. */
interface Sealed extends Omit<MintedToken, 'renewAtMs'> {
  basis: string;
}

/** Access tokens as rows, encrypted under their connection and kind: moved to another row they do not open. */
export class KyselyAccessTokenStore implements AccessTokenStore {
  readonly #database: Database;
  readonly #cipher: SecretCipher;

  constructor(database: Database, cipher: SecretCipher) {
    this.#database = database;
    this.#cipher = cipher;
  }

  async read(ref: TokenRef, now: Date): Promise<KeptToken | undefined> {
    const row = await this.#database.kysely
      .selectFrom('access_tokens')
      .selectAll()
      .where('connection_id', '=', ref.connectionId)
      .where('kind', '=', ref.kind)
      .executeTakeFirst();
    return row === undefined ? undefined : this.#tokenOf(row, ref, now);
  }

  takeTurn(ref: TokenRef, { ttlMs, now }: { ttlMs: number; now: Date }): Promise<TurnAnswer> {
    return this.#database.kysely.transaction().execute(async (trx): Promise<TurnAnswer> => {
      // The connection first and its tokens second, as its edits do.
      if (!(await this.#holdsConnection(trx, ref))) return { kind: 'outdated' };
      const row = await this.#lockedRow(trx, ref);
      const token = this.#tokenOf(row, ref, now);
      if (token !== undefined) return { kind: 'token', ...token };
      if (row.turn_until > now.getTime()) return { kind: 'busy' };
      const turn = row.turn + 1;
      await rowOf(trx, ref)
        .set({ turn, turn_until: now.getTime() + ttlMs })
        .execute();
      return { kind: 'turn', turn };
    });
  }

  async prolong(ref: TokenRef, { turn }: MintTurn, until: Date): Promise<boolean> {
    const { numUpdatedRows } = await rowOf(this.#database.kysely, ref)
      .set({ turn_until: until.getTime() })
      .where('turn', '=', turn)
      .where('turn_until', '>', 0)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  async keep(ref: TokenRef, { turn }: MintTurn, token: MintedToken): Promise<KeptToken | undefined> {
    const { renewAtMs, ...given } = token;
    const id = randomUUID();
    const sealed: Sealed = { ...given, basis: ref.basis };
    const { numUpdatedRows } = await rowOf(this.#database.kysely, ref)
      .set({
        token_id: id,
        sealed: JSON.stringify(this.#cipher.seal(JSON.stringify(sealed), identityOf(ref))),
        renew_at: Math.floor(renewAtMs),
        turn_until: 0,
      })
      .where('turn', '=', turn)
      .where('turn_until', '>', 0)
      .executeTakeFirst();
    return numUpdatedRows > 0n ? { ...token, id } : undefined;
  }

  async giveUp(ref: TokenRef, { turn }: MintTurn): Promise<void> {
    await rowOf(this.#database.kysely, ref).set({ turn_until: 0 }).where('turn', '=', turn).execute();
  }

  async drop(ref: TokenRef, { id }: Pick<KeptToken, 'id'>): Promise<void> {
    await rowOf(this.#database.kysely, ref)
      .set({ token_id: null, sealed: null, renew_at: null })
      .where('token_id', '=', id)
      .execute();
  }

  /** Whether the connection is as the asker knows it; it stays so until the transaction ends. */
  async #holdsConnection(trx: Kysely<Tables>, ref: TokenRef): Promise<boolean> {
    const query = trx
      .selectFrom('connections')
      .select('id')
      .where('id', '=', ref.connectionId)
      .where('updated_at', '=', Date.parse(ref.connectionUpdatedAt));
    const found = await (this.#database.traits.rowLocks ? query.forShare() : query).executeTakeFirst();
    return found !== undefined;
  }

  async #lockedRow(trx: Kysely<Tables>, ref: TokenRef): Promise<Row> {
    const empty = { token_id: null, sealed: null, renew_at: null, turn: 0, turn_until: 0 };
    await trx
      .insertInto('access_tokens')
      .values({ connection_id: ref.connectionId, kind: ref.kind, ...empty })
      .onConflict((conflict) => conflict.columns(['connection_id', 'kind']).doNothing())
      .execute();
    const query = trx
      .selectFrom('access_tokens')
      .selectAll()
      .where('connection_id', '=', ref.connectionId)
      .where('kind', '=', ref.kind);
    return (this.#database.traits.rowLocks ? query.forUpdate() : query).executeTakeFirstOrThrow();
  }

  #tokenOf(row: Row, ref: TokenRef, now: Date): KeptToken | undefined {
    if (row.token_id === null || row.sealed === null || row.renew_at === null) return undefined;
    if (row.renew_at <= now.getTime()) return undefined;
    const sealed = this.#open(row.sealed, identityOf(ref));
    if (sealed === undefined || sealed.basis !== ref.basis) return undefined;
    const { basis: _account, ...token } = sealed;
    return { ...token, id: row.token_id, renewAtMs: row.renew_at };
  }

  /** Nothing where the key is lost or the record was changed: a new token takes its place. */
  #open(record: string, identity: string): Sealed | undefined {
    try {
      return JSON.parse(this.#cipher.open(JSON.parse(record) as SealedRecord, identity)) as Sealed;
    } catch {
      return undefined;
    }
  }
}

function identityOf({ connectionId, kind }: TokenRef): string {
  return `${connectionId} token ${kind}`;
}

function rowOf(db: Kysely<Tables>, { connectionId, kind }: TokenRef) {
  return db.updateTable('access_tokens').where('connection_id', '=', connectionId).where('kind', '=', kind);
}
