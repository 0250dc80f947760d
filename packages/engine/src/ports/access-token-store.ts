import type { ConnectionId } from '@drover/model';

/** Which access token: of a connection as it is now, for one way of asking for it. */
export interface TokenRef {
  connectionId: ConnectionId;
  /** The connection's `updatedAt` as whoever asks knows it. */
  connectionUpdatedAt: string;
  /** Names the way: what the manifest says of it, hashed. */
  kind: string;
  /**
   * Hash of the account that it is for: base URL, client and secret. It is kept encrypted with the token, and one of another
   * account is none: a secret that is read from a file may change without an edit of the connection.
   */
  basis: string;
}

/** A token as the vendor gave it. */
export interface MintedToken {
  value: string;
  /** The host that the vendor sends its calls to; absent: the one of the base URL. */
  host?: string;
  /** When to get the next one: well before it expires. Milliseconds since 1970. */
  renewAtMs: number;
}

export interface KeptToken extends MintedToken {
  /** Tells it from every other token that was ever kept. */
  id: string;
}

/** The right to get the next token, until a time. The number counts up, so that a late holder is recognised. */
export interface MintTurn {
  turn: number;
}

export type TurnAnswer =
  /** There is a token already. */
  | ({ kind: 'token' } & KeptToken)
  /** The asker gets the next one. */
  | ({ kind: 'turn' } & MintTurn)
  /** Somebody else is getting it. */
  | { kind: 'busy' }
  /** The connection was changed or removed since: whatever the asker gets is for itself. */
  | { kind: 'outdated' };

/**
 * Access tokens shared by all processes over one store, encrypted at rest: one for each connection and kind, and one process at
 * a time that gets the next one. A token that does not decrypt, is due or is of another account counts as none.
 */
export interface AccessTokenStore {
  read(ref: TokenRef, now: Date): Promise<KeptToken | undefined>;
  /** The token, or the turn to get one where nobody else has it: for `ttlMs`, after which another may take it. */
  takeTurn(ref: TokenRef, options: { ttlMs: number; now: Date }): Promise<TurnAnswer>;
  /** Prolongs a turn; false when it is another's by now, or over. */
  prolong(ref: TokenRef, turn: MintTurn, until: Date): Promise<boolean>;
  /** Keeps what was got and ends the turn. Undefined when the turn is another's by now, or the connection another one. */
  keep(ref: TokenRef, turn: MintTurn, token: MintedToken): Promise<KeptToken | undefined>;
  /** Ends a turn without a token. */
  giveUp(ref: TokenRef, turn: MintTurn): Promise<void>;
  /** Forgets a token that the vendor refused, unless a newer one is kept by now. */
  drop(ref: TokenRef, token: Pick<KeptToken, 'id'>): Promise<void>;
}
