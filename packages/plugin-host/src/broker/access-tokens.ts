import type { SharedTokens } from './shared-tokens.js';
import type { AccessToken, TokenWish } from './token-wish.js';

export interface AccessTokensDeps {
  /** Absent: the tokens are this process's own. */
  shared?: SharedTokens | undefined;
  /** Told of every token before its first use. */
  hide(token: string): void;
}

/**
 * The access tokens of one connection in this process: in memory, then where all processes look, then from the vendor. One
 * request at a time for each kind, however many callers.
 */
export class AccessTokens {
  readonly #deps: AccessTokensDeps;
  readonly #tokens = new Map<string, AccessToken>();
  readonly #flights = new Map<string, Promise<AccessToken>>();

  constructor(deps: AccessTokensDeps) {
    this.#deps = deps;
  }

  /** The token of this kind, got when there is none or it is due. */
  async get(wish: TokenWish, nowMs: number): Promise<AccessToken> {
    const known = this.#tokens.get(wish.kind);
    if (known !== undefined && nowMs < known.renewAtMs) return known;
    return this.#flights.get(wish.kind) ?? this.#start(wish);
  }

  /** Forgets a token that the vendor refused, here and for all, unless a newer one has come. */
  async drop(wish: Pick<TokenWish, 'kind' | 'basis'>, refused: AccessToken): Promise<void> {
    // First for all: who finds none here must not find the refused one there.
    if (refused.id !== undefined) await this.#deps.shared?.drop(wish, { id: refused.id });
    if (this.#tokens.get(wish.kind)?.value === refused.value) this.#tokens.delete(wish.kind);
  }

  /** Resolves when nothing is being got any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#flights.values());
  }

  async #start(wish: TokenWish): Promise<AccessToken> {
    const { shared, hide } = this.#deps;
    const flight = shared === undefined ? wish.mint() : shared.get(wish);
    this.#flights.set(wish.kind, flight);
    try {
      const token = await flight;
      hide(token.value);
      this.#tokens.set(wish.kind, token);
      return token;
    } finally {
      this.#flights.delete(wish.kind);
    }
  }
}
