/** A minted access token. */
export interface AccessToken {
  value: string;
  /** The host that the vendor sends its calls to; absent: the one of the base URL. */
  host?: string;
  /** When to get the next one: well before it expires. Milliseconds since 1970. */
  renewAtMs: number;
}

/** The access tokens of one connection, in memory only: one request at a time for each kind, however many callers. */
export class AccessTokens {
  readonly #tokens = new Map<string, AccessToken>();
  readonly #flights = new Map<string, Promise<AccessToken>>();

  /** The token of this kind, minted when there is none or it is due. */
  async get(kind: string, nowMs: number, mint: () => Promise<AccessToken>): Promise<AccessToken> {
    const known = this.#tokens.get(kind);
    if (known !== undefined && nowMs < known.renewAtMs) return known;
    return this.#flights.get(kind) ?? this.#start(kind, mint);
  }

  /** Forgets a token that the vendor refused, unless a newer one has come. */
  drop(kind: string, value: string): void {
    if (this.#tokens.get(kind)?.value === value) this.#tokens.delete(kind);
  }

  async #start(kind: string, mint: () => Promise<AccessToken>): Promise<AccessToken> {
    const flight = mint();
    this.#flights.set(kind, flight);
    try {
      const token = await flight;
      this.#tokens.set(kind, token);
      return token;
    } finally {
      this.#flights.delete(kind);
    }
  }
}
