import type { RawAnswer } from './call-reply.js';
import type { OutgoingRequest } from './outgoing-request.js';

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** The request that a redirect asks for, when it is a GET and stays at the same origin; else `undefined`. */
export function redirectedRequest(request: OutgoingRequest, answer: RawAnswer): OutgoingRequest | undefined {
  if (request.method !== 'GET' || !REDIRECTS.includes(answer.status)) return undefined;
  const url = URL.parse(answer.headers['location'] ?? '', request.url.href);
  if (url === null || answer.headers['location'] === undefined) return undefined;
  const isSamePlace = url.origin === request.url.origin && url.username === '' && url.password === '';
  return isSamePlace ? { ...request, url } : undefined;
}
