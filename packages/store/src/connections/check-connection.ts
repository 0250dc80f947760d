import type { TransportSettings } from '@drover/engine';
import { Fault, isId, normalizeBaseUrl } from '@drover/model';

const MAX_NAME_LENGTH = 100;

/** Throws `INVALID_ARGUMENT` for a name that is empty, too long, has control characters, or looks like an id. */
export function checkName(name: string): void {
  const isGood =
    name.trim() === name &&
    name !== '' &&
    name.length <= MAX_NAME_LENGTH &&
    !/\p{Cc}/u.test(name) &&
    !isId('connection', name);
  if (isGood) return;
  throw new Fault(
    'INVALID_ARGUMENT',
    `A connection’s name has 1 to ${MAX_NAME_LENGTH} characters, no blanks at its ends, and is no id; choose another one.`,
    { path: '/name' },
  );
}

const MAX_CONCURRENCY = 1_000;

/** The concurrency as it is kept. Throws `INVALID_ARGUMENT` for one that is neither null nor a whole number from 1 to 1000. */
export function checkConcurrency(concurrency: number | null): number | null {
  if (concurrency === null) return null;
  if (Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= MAX_CONCURRENCY) return concurrency;
  throw new Fault(
    'INVALID_ARGUMENT',
    `A connection’s concurrency is a whole number from 1 to ${MAX_CONCURRENCY}, or none.`,
    { path: '/concurrency' },
  );
}

/** The settings with their base URL as it is kept. Faults: `BASE_URL_INVALID`, `BASE_URL_INSECURE`. */
export function normalizeSettings(settings: Record<string, unknown>): Record<string, unknown> {
  const defined = Object.entries(settings).filter(([, value]) => value !== undefined);
  const { baseUrl } = settings;
  if (baseUrl === undefined) return Object.fromEntries(defined);
  if (typeof baseUrl !== 'string') {
    throw new Fault('BASE_URL_INVALID', 'The base URL is no text.', { path: '/settings/baseUrl' });
  }
  return { ...Object.fromEntries(defined), baseUrl: normalizeBaseUrl(baseUrl) };
}

/** The transport with defaults: TLS verified, the system's proxy. Throws `PROXY_INVALID`. */
export function completeTransport(transport: Partial<TransportSettings>): TransportSettings {
  const { verifyTls = true, proxy = 'system' } = transport;
  if (proxy === 'system' || proxy === 'none') return { verifyTls, proxy };
  const url = URL.parse(proxy);
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.hostname === '') {
    throw proxyInvalid('is neither system nor none nor an http(s) URL');
  }
  if (url.username !== '' || url.password !== '') throw proxyInvalid('holds a user name or password');
  if (url.search !== '' || url.hash !== '' || url.pathname !== '/')
    throw proxyInvalid('holds more than a host');
  return { verifyTls, proxy: url.origin };
}

function proxyInvalid(problem: string): Fault {
  return new Fault('PROXY_INVALID', `The proxy ${problem}; give one such as http://proxy.example.com:3128.`, {
    path: '/transport/proxy',
  });
}
