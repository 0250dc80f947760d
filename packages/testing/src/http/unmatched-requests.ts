import nock from 'nock';

export interface UnmatchedRequest {
  method: string;
  url: string;
  /** The call that would answer it. */
  line: string;
}

const unmatched: Promise<UnmatchedRequest>[] = [];
let loopbackIsAllowed = false;
let isWatching = false;

/** Notes every request that no mock answers from now on, until `forgetUnmatched`. */
export function watchUnmatched({ allowLoopback }: { allowLoopback: boolean }): void {
  loopbackIsAllowed = allowLoopback;
  if (isWatching) return;
  nock.emitter.on('no match', note);
  isWatching = true;
}

export function unmatchedRequests(): Promise<UnmatchedRequest[]> {
  return Promise.all(unmatched);
}

export function forgetUnmatched(): void {
  unmatched.length = 0;
  nock.emitter.off('no match', note);
  isWatching = false;
}

function note(request: Request): void {
  const url = new URL(request.url);
  if (loopbackIsAllowed && /^(?:127\.0\.0\.1|localhost)$/.test(url.hostname)) return;
  unmatched.push(told(request.clone(), url));
}

async function told(request: Request, url: URL): Promise<UnmatchedRequest> {
  const method = request.method.toUpperCase();
  const line = `${lineFor(method, url, await request.text())}  // ${url.href}`;
  return { method, url: url.href, line };
}

function lineFor(method: string, url: URL, body: string): string {
  const query = Object.fromEntries(url.searchParams);
  const options = url.search === '' ? '' : `, { query: ${JSON.stringify(query)} }`;
  const sent = body === '' ? '' : `  // sent ${body.slice(0, 500)}`;
  return `vendor.${method.toLowerCase()}('${url.pathname}', { status: 200, body: {} }${options});${sent}`;
}
