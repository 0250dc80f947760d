import { randomBytes } from 'node:crypto';
import { badRequest, invalidCredentials, SaasRefusal } from './saas-refusal.js';

/** What a token may be used for. */
export type SaasScope = 'api_access' | 'incident_api' | 'remediation_api';

export const SAAS_SCOPES: readonly SaasScope[] = ['api_access', 'incident_api', 'remediation_api'];

export interface SaasClient {
  clientId: string;
  clientSecret: string;
  /** What the client was authorised for. Default: all three scopes. */
  scopes?: readonly SaasScope[];
}

interface MintedToken {
  scopes: ReadonlySet<string>;
  expiresAtMs: number;
}

/** Mints tokens for one API client by the client credentials grant, and lets requests in with them. */
export class AccessDesk {
  readonly #client: SaasClient;
  readonly #lifeSeconds: number;
  readonly #now: () => Date;
  readonly #tokens = new Map<string, MintedToken>();
  /** How many tokens were minted. */
  minted = 0;

  constructor(client: SaasClient, options: { lifeSeconds: number; now: () => Date }) {
    this.#client = client;
    this.#lifeSeconds = options.lifeSeconds;
    this.#now = options.now;
  }

  mint(authorization: string | undefined, form: URLSearchParams): object {
    const { clientId, clientSecret, scopes = SAAS_SCOPES } = this.#client;
    const expected = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
    if (authorization !== expected) throw invalidCredentials();
    if (form.get('grant_type') !== 'client_credentials') {
      throw badRequest('Only the grant type client_credentials is supported');
    }
    const asked = (form.get('scope') ?? '').split(' ').filter(Boolean);
    const refused = asked.find((scope) => !scopes.includes(scope as SaasScope));
    if (asked.length === 0 || refused !== undefined) {
      throw badRequest(refused === undefined ? 'A scope is required' : `Invalid scope: ${refused}`);
    }
    const token = `${randomBytes(12).toString('base64url')}.${randomBytes(48).toString('base64url')}`;
    this.#tokens.set(token, {
      scopes: new Set(asked),
      expiresAtMs: this.#now().getTime() + this.#lifeSeconds * 1_000,
    });
    this.minted += 1;
    return {
      access_token: token,
      token_type: 'bearer',
      expires_in: this.#lifeSeconds,
      scope: asked.join(' '),
    };
  }

  /** 401 without a token that still lives, 403 for one without the scope. */
  admit(authorization: string | undefined, scope: SaasScope): void {
    const token = this.#tokens.get(bearerOf(authorization) ?? '');
    if (token === undefined || token.expiresAtMs <= this.#now().getTime()) throw invalidCredentials();
    if (token.scopes.has(scope)) return;
    throw new SaasRefusal(403, `The client lacks the scope ${scope}`, 'Please authorize the API client.');
  }

  /** Takes all tokens back before their time. */
  revokeAll(): void {
    this.#tokens.clear();
  }
}

export function bearerOf(authorization: string | undefined): string | undefined {
  return /^Bearer (.+)$/.exec(authorization ?? '')?.[1];
}
