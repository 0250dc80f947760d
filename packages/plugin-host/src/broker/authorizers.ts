import { createHash } from 'node:crypto';
import type { MintedToken } from '@drover/engine';
import { type AuthSpec, type CallSpec, Fault, MIN_SECRET_LENGTH } from '@drover/model';
import type { AccessTokens } from './access-tokens.js';
import type { RawAnswer } from './call-reply.js';
import type { Authorizer, CallRunner } from './call-runner.js';
import type { Clock } from './clock.js';
import type { ConnectionSession } from './connection-session.js';
import { buildRequest, type OutgoingRequest } from './outgoing-request.js';
import { basicCredentials, fieldOf, formEncode, placeSecret, secretOf, withHeader } from './place-secret.js';
import { atHost, regionHost } from './region.js';
import { orStopped } from './stopped.js';
import type { AccessToken, TokenWish } from './token-wish.js';
import { faultOfAnswer } from './vendor-fault.js';

type OAuthSpec = Extract<AuthSpec, { type: 'oauth2-client-credentials' }>;
type SecretSpec = Exclude<AuthSpec, OAuthSpec>;

const TOKEN_CALL_TIMEOUT_MS = 30_000;
const MAX_TOKEN_ANSWER_BYTES = 64 * 1024;
/** What a token is taken to live when the vendor does not say. */
const DEFAULT_LIFE_S = 300;
/** A token is renewed a minute before it expires, or a tenth of a short life before. */
const RENEW_BEFORE_S = 60;

/** Places a secret of the connection; there is nothing to renew. */
export function secretAuthorizer(auth: SecretSpec, session: ConnectionSession): Authorizer {
  return {
    authorize: async (request) => placeSecret(request, auth, session.account),
    renew: async () => false,
  };
}

export interface TokenSource {
  session: ConnectionSession;
  tokens: AccessTokens;
  clock: Clock;
  vendor: string;
  /** Stops the waiting of this caller; the request for the token goes on for the others. */
  signal: AbortSignal;
  /** Aborts when nobody needs a token any more. */
  closing: AbortSignal;
  /** Makes the call that fetches a token. It belongs to no hook. */
  runner: CallRunner;
}

/** Places an access token of the OAuth 2.0 client credentials grant (RFC 6749, 4.4), shared by all callers of the session. */
export class TokenAuthorizer implements Authorizer {
  readonly #auth: OAuthSpec;
  readonly #source: TokenSource;
  readonly #kind: string;
  #used: AccessToken | undefined;
  #renewed = false;

  constructor(auth: OAuthSpec, source: TokenSource) {
    this.#auth = auth;
    this.#source = source;
    this.#kind = digestOf([auth.tokenPath, auth.clientId, auth.secret, auth.scope, auth.region]);
  }

  async authorize(request: OutgoingRequest): Promise<OutgoingRequest> {
    const { tokens, clock, signal } = this.#source;
    this.#used = await orStopped(tokens.get(this.#wish(), clock.now()), signal);
    const { value, host } = this.#used;
    const there = host === undefined ? request : { ...request, url: atHost(request.url, host) };
    return withHeader(there, 'authorization', `Bearer ${value}`);
  }

  /** Once for a call: a token may have been revoked before its time. */
  async renew(): Promise<boolean> {
    if (this.#renewed || this.#used === undefined) return false;
    this.#renewed = true;
    await this.#source.tokens.drop(this.#wish(), this.#used);
    return true;
  }

  #wish(): TokenWish {
    const { session, closing } = this.#source;
    const { clientId, secret } = this.#auth;
    const basis = digestOf([
      session.baseUrl,
      fieldOf(session.account, clientId),
      secretOf(session.account, secret),
    ]);
    return { kind: this.#kind, basis, mint: () => this.#mint(), signal: closing };
  }

  async #mint(): Promise<MintedToken> {
    const { session, runner, clock, vendor } = this.#source;
    const spec = tokenCall(this.#auth);
    const answer = await runner.run({ spec, request: this.#tokenRequest(spec), authorizer: NO_AUTHORIZER });
    if (answer.status === 400) {
      const { connection, redactor } = session;
      throw faultOfAnswer(
        { vendor, connectionName: connection.name, spec, redactor },
        { ...answer, status: 401 },
      );
    }
    const { token, lifeS } = readToken(answer, vendor);
    const renewAfterS = lifeS - Math.min(RENEW_BEFORE_S, lifeS / 10);
    const host = regionHost(this.#auth.region, answer, session.baseUrl);
    return {
      value: token,
      ...(host === undefined ? {} : { host }),
      renewAtMs: clock.now() + renewAfterS * 1_000,
    };
  }

  #tokenRequest(spec: CallSpec): OutgoingRequest {
    const { session } = this.#source;
    const { clientId, secret, scope, credentialsIn } = this.#auth;
    const id = fieldOf(session.account, clientId);
    const key = secretOf(session.account, secret);
    const isBasic = credentialsIn === 'basic';
    const form = {
      grant_type: 'client_credentials',
      ...(isBasic ? {} : { client_id: id, client_secret: key }),
      ...(scope === undefined ? {} : { scope }),
    };
    const request = buildRequest(spec, { form }, session.baseUrl);
    // Both parts are form-encoded before they become basic credentials (RFC 6749, 2.3.1).
    const basic = basicCredentials(formEncode(id), formEncode(key));
    return isBasic ? withHeader(request, 'authorization', basic) : request;
  }
}

function digestOf(parts: unknown): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

const NO_AUTHORIZER: Authorizer = { authorize: async (request) => request, renew: async () => false };

function tokenCall(auth: OAuthSpec): CallSpec {
  return {
    name: 'oauth2-token',
    method: 'POST',
    path: auth.tokenPath,
    purpose: 'getting an access token',
    effect: 'read',
    delivery: 'repeatable',
    rateGroup: 'oauth2-token',
    // Wrong credentials are told as 400 by some (RFC 6749, 5.2).
    handles: [400],
    timeoutMs: TOKEN_CALL_TIMEOUT_MS,
    maxResponseBytes: MAX_TOKEN_ANSWER_BYTES,
  };
}

function readToken(answer: RawAnswer, vendor: string): { token: string; lifeS: number } {
  const body = parse(answer.text);
  const token = body?.access_token;
  if (typeof token !== 'string' || token.length < MIN_SECRET_LENGTH) {
    throw new Fault('VENDOR_ANSWER_INVALID', `${vendor} answered ${answer.status} without an access token.`);
  }
  const life = Number(body?.expires_in);
  return { token, lifeS: Number.isFinite(life) && life > 0 ? life : DEFAULT_LIFE_S };
}

function parse(text: string): { access_token?: unknown; expires_in?: unknown } | undefined {
  try {
    return (JSON.parse(text) as object | null) ?? undefined;
  } catch {
    return undefined;
  }
}
