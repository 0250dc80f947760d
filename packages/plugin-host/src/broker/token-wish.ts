import type { KeptToken, MintedToken } from '@drover/engine';

/** An access token in use; with an id when other processes have it, too. */
export type AccessToken = MintedToken & Partial<Pick<KeptToken, 'id'>>;

/** Which token a caller wants, and how to get one where there is none. */
export interface TokenWish {
  /** Names the way of asking for it: what the manifest says, hashed. */
  kind: string;
  /** Hash of the account that it is for. */
  basis: string;
  /** Asks the vendor. */
  mint(): Promise<MintedToken>;
  /** Aborts when the process needs no token any more, not when one caller has gone. */
  signal: AbortSignal;
}
