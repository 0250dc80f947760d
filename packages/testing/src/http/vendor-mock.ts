import { afterAll, afterEach, beforeEach } from '@jest/globals';
import nock from 'nock';
import { forgetUnmatched, unmatchedRequests, watchUnmatched } from './unmatched-requests.js';

// Loading nock patches node:http at once; it is left alone until a test opens a mock.
nock.restore();

/** A request as it came over the wire. */
export interface SeenRequest {
  method: string;
  path: string;
  /** Query parameters, decoded; the last one of a name counts. */
  query: Record<string, string>;
  /** Lower-case names. */
  headers: Record<string, string>;
  /** Parsed when it is JSON, else text; `undefined` when there was none. */
  body: unknown;
}

export interface MockedReply {
  status: number;
  /** Sent as JSON unless it is a text or bytes. */
  body?: unknown;
  headers?: Record<string, string>;
}

/** What a mocked call answers: the same each time, or made of the request. */
export type Answer = MockedReply | ((request: SeenRequest) => MockedReply);

export interface MockOptions {
  /** Only requests with exactly these query parameters match. Default: any. */
  query?: Record<string, string>;
  /** How many requests it answers. Default 1. */
  times?: number;
}

type Mock = (path: string, answer: Answer, options?: MockOptions) => void;
type FailingMock = (method: string, path: string, options: { code: string; times?: number }) => void;

export interface VendorMock {
  get: Mock;
  post: Mock;
  put: Mock;
  patch: Mock;
  delete: Mock;
  /** Breaks off the request with this error code, such as `ECONNREFUSED`. */
  fail: FailingMock;
  /** What the mocks of this test have been asked so far, in order. */
  readonly requests: readonly SeenRequest[];
}

export interface VendorMockOptions {
  /** Lets real requests to 127.0.0.1 and localhost through. */
  allowLoopback?: boolean;
}

/**
 * Stands in for a vendor at the wire (nock). Call it inside a `describe`: each test then starts without mocks, may reach
 * nothing else, and fails when it made a request that no mock answers (with the line to add) or left a mock unused.
 */
export function vendorMock(baseUrl: string, { allowLoopback = false }: VendorMockOptions = {}): VendorMock {
  const { origin, pathname } = new URL(baseUrl);
  const basePath = pathname.replace(/\/+$/, '');
  const requests: SeenRequest[] = [];

  beforeEach(() => {
    requests.length = 0;
    openNock(allowLoopback);
  });
  afterEach(() => failOnLeftovers(origin));
  afterAll(closeNock);

  const mockOf =
    (method: string): Mock =>
    (path, answer, { query, times = 1 } = {}) => {
      nock(origin)
        .intercept(basePath + path, method)
        .query(query ?? true)
        .times(times)
        .reply(async (request: Request) => {
          const seen = await seenRequest(request);
          requests.push(seen);
          const { status, body: replied, headers } = typeof answer === 'function' ? answer(seen) : answer;
          return [status, replyBody(replied), { ...contentType(replied), ...headers }];
        });
    };
  const fail: FailingMock = (method, path, { code, times = 1 }) => {
    const problem = Object.assign(new Error(`mocked ${code}`), { code });
    nock(origin)
      .intercept(basePath + path, method)
      .query(true)
      .times(times)
      .replyWithError(problem);
  };
  return {
    get: mockOf('GET'),
    post: mockOf('POST'),
    put: mockOf('PUT'),
    patch: mockOf('PATCH'),
    delete: mockOf('DELETE'),
    fail,
    requests,
  };
}

export function openNock(allowLoopback: boolean): void {
  if (!nock.isActive()) nock.activate();
  nock.disableNetConnect();
  if (allowLoopback) nock.enableNetConnect(/^(?:127\.0\.0\.1|localhost)(?::\d+)?$/);
  watchUnmatched({ allowLoopback });
}

/** Several test files share a process: the next one finds the network as it was. */
function closeNock(): void {
  nock.cleanAll();
  nock.enableNetConnect();
  nock.restore();
}

export async function failOnLeftovers(origin: string): Promise<void> {
  const unused = nock.pendingMocks();
  const unmatched = (await unmatchedRequests()).map((request) => `  ${request.line}`);
  nock.abortPendingRequests();
  nock.cleanAll();
  forgetUnmatched();
  const problems = [
    ...(unmatched.length === 0
      ? []
      : [`Requests that no mock answered; to answer them, add to the mock of ${origin}:`, ...unmatched]),
    ...(unused.length === 0 ? [] : ['Mocks that nothing asked:', ...unused.map((mock) => `  ${mock}`)]),
  ];
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

async function seenRequest(request: Request): Promise<SeenRequest> {
  const url = new URL(request.url);
  const headers = Object.fromEntries(request.headers);
  const text = await request.text();
  return {
    method: request.method,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers,
    body: text === '' ? undefined : isJson(headers['content-type']) ? parsed(text) : text,
  };
}

/** Bodies of media types such as `application/scim+json` are JSON as well. */
function isJson(contentType = ''): boolean {
  return /[/+]json\b/.test(contentType);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function replyBody(body: unknown): string | Buffer | undefined {
  if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) return body;
  return JSON.stringify(body);
}

function contentType(body: unknown): Record<string, string> {
  if (body === undefined || Buffer.isBuffer(body)) return {};
  return { 'content-type': typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json' };
}
