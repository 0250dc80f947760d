import nock from 'nock';

export interface UnmatchedRequest {
  method: string;
  url: string;
  /** The call that would answer it. */
  line: string;
}

/** What nock tells of a request that nothing answers; the shape differs by where it noticed. */
interface NockRequest {
  method?: string;
  path?: string;
  host?: string;
  hostname?: string;
  proto?: string;
  protocol?: string;
  options?: NockRequest;
}

const unmatched: UnmatchedRequest[] = [];
let loopbackIsAllowed = false;
let isWatching = false;

/** Notes every request that no mock answers from now on, until `forgetUnmatched`. */
export function watchUnmatched({ allowLoopback }: { allowLoopback: boolean }): void {
  loopbackIsAllowed = allowLoopback;
  if (isWatching) return;
  nock.emitter.on('no match', note);
  isWatching = true;
}

export function unmatchedRequests(): readonly UnmatchedRequest[] {
  return unmatched;
}

export function forgetUnmatched(): void {
  unmatched.length = 0;
  nock.emitter.off('no match', note);
  isWatching = false;
}

function note(request: NockRequest, options?: NockRequest, body?: string): void {
  const told = options ?? request.options ?? request;
  const host = told.hostname ?? told.host ?? 'unknown';
  if (loopbackIsAllowed && /^(?:127\.0\.0\.1|localhost)(?::|$)/.test(host)) return;
  const method = (told.method ?? 'GET').toUpperCase();
  const path = told.path ?? '/';
  const url = `${told.proto ?? told.protocol?.replace(/:$/, '') ?? 'https'}://${host}${path}`;
  unmatched.push({ method, url, line: lineFor(method, path, body) + `  // ${url}` });
}

function lineFor(method: string, path: string, body: string | undefined): string {
  const url = new URL(path, 'http://vendor.invalid');
  const query = Object.fromEntries(url.searchParams);
  const options = url.search === '' ? '' : `, { query: ${JSON.stringify(query)} }`;
  const sent = body === undefined || body === '' ? '' : `  // sent ${body.slice(0, 500)}`;
  return `vendor.${method.toLowerCase()}('${url.pathname}', { status: 200, body: {} }${options});${sent}`;
}
