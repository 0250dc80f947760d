import type { AccessTokenStore, Connection, KeptToken, MintTurn, TokenRef } from '@drover/engine';
import type { Clock } from './clock.js';
import type { AccessToken, TokenWish } from './token-wish.js';

/** How long a process that says nothing keeps the others from getting a token; it says so three times as often. */
const TURN_MS = 10_000;
/** How long the others wait for the one whose turn it is; then each helps itself. */
const LONGEST_WAIT_MS = 60_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 400;

export interface SharedTokensDeps {
  store: AccessTokenStore;
  clock: Clock;
  connection: Pick<Connection, 'id' | 'updatedAt'>;
}

type Place = { token: KeptToken } | { turn: MintTurn } | 'alone';

/**
 * The access tokens of one connection as all processes share them: one at a time asks the vendor, and the others take what
 * it gets. A store that cannot be asked fails no call: the process then asks the vendor by itself.
 */
export class SharedTokens {
  readonly #deps: SharedTokensDeps;

  constructor(deps: SharedTokensDeps) {
    this.#deps = deps;
  }

  /** Faults: those of `mint`. */
  async get(wish: TokenWish): Promise<AccessToken> {
    const ref = this.#refOf(wish);
    const place = await this.#placeOf(ref, wish.signal).catch(() => 'alone' as const);
    if (place === 'alone') return wish.mint();
    return 'token' in place ? place.token : this.#mintInTurn(ref, place.turn, wish);
  }

  async drop(wish: Pick<TokenWish, 'kind' | 'basis'>, refused: Pick<KeptToken, 'id'>): Promise<void> {
    await this.#deps.store.drop(this.#refOf(wish), refused).catch(ignore);
  }

  /** Waits for a token of somebody else, or for the turn to get one. */
  async #placeOf(ref: TokenRef, signal: AbortSignal): Promise<Place> {
    const { store, clock } = this.#deps;
    const token = await store.read(ref, new Date(clock.now()));
    if (token !== undefined) return { token };
    const lastLookMs = clock.now() + LONGEST_WAIT_MS;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const answer = await store.takeTurn(ref, { ttlMs: TURN_MS, now: new Date(clock.now()) });
      if (answer.kind === 'token') return { token: answer };
      if (answer.kind === 'turn') return { turn: answer };
      if (answer.kind === 'outdated' || clock.now() >= lastLookMs) return 'alone';
      await clock.sleep(pauseMs, signal);
    }
  }

  async #mintInTurn(ref: TokenRef, turn: MintTurn, { mint }: TokenWish): Promise<AccessToken> {
    const { store, clock } = this.#deps;
    const prolonging = setInterval(() => {
      store.prolong(ref, turn, new Date(clock.now() + TURN_MS)).catch(ignore);
    }, TURN_MS / 3);
    try {
      const token = await mint();
      const kept = await store.keep(ref, turn, token).catch(ignore);
      // Whoever was late may have got a token that the newer one has put out of force.
      return kept ?? (await store.read(ref, new Date(clock.now())).catch(ignore)) ?? token;
    } catch (failure) {
      await store.giveUp(ref, turn).catch(ignore);
      throw failure;
    } finally {
      clearInterval(prolonging);
    }
  }

  #refOf({ kind, basis }: Pick<TokenWish, 'kind' | 'basis'>): TokenRef {
    const { id, updatedAt } = this.#deps.connection;
    return { connectionId: id, connectionUpdatedAt: updatedAt, kind, basis };
  }
}

function ignore(): undefined {
  return undefined;
}
