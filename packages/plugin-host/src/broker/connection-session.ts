import { isDeepStrictEqual } from 'node:util';
import type { Connection } from '@drover/engine';
import { Fault, MIN_SECRET_LENGTH, normalizeBaseUrl } from '@drover/model';
import { createRedactor, type Redactor } from '../secrets/redactor.js';
import { AccessTokens } from './access-tokens.js';
import { type Account, formEncode } from './place-secret.js';
import type { SharedTokens } from './shared-tokens.js';
import type { ProxyEnvironment } from './proxies.js';
import { VendorClient } from './vendor-client.js';

/** Access tokens that the redactor remembers beside the secrets: an old one may be echoed for a while. */
const TOKENS_REMEMBERED = 4;

/** A connection in use: its secrets in the clear, their redactor, its HTTP client and its access tokens. */
export class ConnectionSession {
  readonly connection: Connection;
  readonly baseUrl: string;
  readonly account: Account;
  readonly client: VendorClient;
  readonly tokens: AccessTokens;
  readonly #hidden: readonly string[];
  #minted: string[] = [];
  #redactor: Redactor;

  /** Faults: `BASE_URL_INVALID`, `BASE_URL_INSECURE`, `SECRET_TOO_SHORT`. */
  constructor(
    connection: Connection,
    secrets: Record<string, string>,
    { environment, shared }: { environment: ProxyEnvironment; shared?: SharedTokens | undefined },
  ) {
    const { baseUrl } = connection.settings;
    if (typeof baseUrl !== 'string') {
      throw new Fault(
        'BASE_URL_INVALID',
        `The connection ${connection.name} has no base URL; set its baseUrl.`,
        {
          path: '/settings/baseUrl',
        },
      );
    }
    this.connection = connection;
    this.baseUrl = normalizeBaseUrl(baseUrl);
    this.account = { connectionName: connection.name, settings: connection.settings, secrets };
    // Form-encoded as well, since that is what basic credentials of OAuth hold in base64.
    const spellings = Object.values(secrets).flatMap((secret) => [secret, formEncode(secret)]);
    this.#hidden = [...spellings, ...proxyPasswords(environment)];
    this.#redactor = createRedactor(this.#hidden);
    this.client = new VendorClient(connection.transport, environment);
    this.tokens = new AccessTokens({ shared, hide: (token) => this.hide(token) });
  }

  get redactor(): Redactor {
    return this.#redactor;
  }

  /** Hides an access token from now on. */
  hide(token: string): void {
    if (this.#minted.includes(token)) return;
    this.#minted = [...this.#minted, token].slice(-TOKENS_REMEMBERED);
    this.#redactor = createRedactor([...this.#hidden, ...this.#minted]);
  }

  /** Breaks off what is under way, and waits for what that leaves to do. */
  async close(): Promise<void> {
    this.client.close();
    await this.tokens.settled();
  }

  isFor(connection: Connection, secrets: Record<string, string>): boolean {
    return (
      this.connection.updatedAt === connection.updatedAt && isDeepStrictEqual(this.account.secrets, secrets)
    );
  }
}

/** Passwords in the proxy URLs of the environment, as they stand there and decoded; short ones cannot be hidden. */
function proxyPasswords(environment: ProxyEnvironment): string[] {
  return Object.entries(environment).flatMap(([name, value]) => {
    if (!/^https?_proxy$/i.test(name)) return [];
    const password = URL.parse(value ?? '')?.password ?? '';
    return [password, decoded(password)].filter((spelling) => spelling.length >= MIN_SECRET_LENGTH);
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
