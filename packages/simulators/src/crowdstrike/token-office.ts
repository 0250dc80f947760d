import { randomBytes } from 'node:crypto';

export interface TokenFigures {
  /** Tokens that were ever issued. */
  issued: number;
  /** Those that are let in now. */
  live: number;
}

/** Issues access tokens, and knows which of them are still good. */
export class TokenOffice {
  readonly #lifeS: number;
  readonly #now: () => Date;
  readonly #expiries = new Map<string, number>();
  #issued = 0;

  constructor(lifeS: number, now: () => Date) {
    this.#lifeS = lifeS;
    this.#now = now;
  }

  issue(): { token: string; lifeS: number } {
    const token = randomBytes(30).toString('base64url');
    this.#expiries.set(token, this.#now().getTime() + this.#lifeS * 1_000);
    this.#issued += 1;
    return { token, lifeS: this.#lifeS };
  }

  isLive(token: string): boolean {
    const expiry = this.#expiries.get(token);
    return expiry !== undefined && this.#now().getTime() < expiry;
  }

  /** One token, or all of them. */
  revoke(token?: string): void {
    if (token === undefined) this.#expiries.clear();
    else this.#expiries.delete(token);
  }

  figures(): TokenFigures {
    return {
      issued: this.#issued,
      live: [...this.#expiries.keys()].filter((token) => this.isLive(token)).length,
    };
  }
}
