import { Fault } from './faults/fault.js';

/**
 * A vendor's address as it is kept: with a scheme (https when none was given), without a trailing slash. A path, such as
 * that of a gateway, stays. Faults: `BASE_URL_INVALID` (no URL, another scheme, user name, query or fragment in it),
 * `BASE_URL_INSECURE` (plain http to another machine).
 */
export function normalizeBaseUrl(text: string): string {
  const trimmed = text.trim();
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`);
  if (url === null || url.hostname === '') {
    throw invalid('is no URL; give the vendor’s host, such as https://tenant.example.com.');
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw invalid(`has the scheme ${url.protocol.slice(0, -1)}; use https.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid('holds a user name or password; leave it out and set the connection’s secrets instead.');
  }
  if (url.search !== '' || url.hash !== '' || /[?#]/.test(trimmed)) {
    throw invalid('holds a query or fragment; leave out everything from the ? or # on.');
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new Fault(
      'BASE_URL_INSECURE',
      `The base URL http://${url.host} would send secrets in the clear; use https (plain http is for this machine’s loopback address only).`,
      { path: '/settings/baseUrl' },
    );
  }
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`;
}

function invalid(problem: string): Fault {
  return new Fault('BASE_URL_INVALID', `The base URL ${problem}`, { path: '/settings/baseUrl' });
}

/** `localhost` and what is below it, 127.0.0.0/8 and ::1, as URL parsing spells them. */
function isLoopback(hostname: string): boolean {
  return /^(?:localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
