import { describe, expect, it } from '@jest/globals';
import type { CallSpec } from '@drover/model';
import fc from 'fast-check';
import type { GivenParams } from './broker.js';
import { buildRequest, serializeBody } from './outgoing-request.js';

const BASE = 'https://tenant.example.com/gateway';
const SPEC: CallSpec = {
  name: 'suspend',
  method: 'POST',
  path: '/api/users/{id}/lifecycle/{step}',
  query: ['notify', 'limit'],
  purpose: 'suspending the user',
  effect: 'write',
  delivery: 'repeatable',
};
const READ: CallSpec = { ...SPEC, method: 'GET', path: '/api/users' };

function urlOf(params: GivenParams, spec = SPEC): string {
  return buildRequest(spec, params, BASE).url.href;
}

describe('buildRequest', () => {
  it('fills path and query, encoded', () => {
    const params = { id: 'a/b c@example.com', step: 7 };
    expect(urlOf({ params, query: { notify: true, limit: undefined } })).toBe(
      `${BASE}/api/users/a%2Fb%20c%40example.com/lifecycle/7?notify=true`,
    );
  });

  it.each<[string, GivenParams, CallSpec, RegExp]>([
    ['a missing path parameter', { params: { id: '1' } }, SPEC, /needs the path parameter step/],
    ['an empty path parameter', { params: { id: '', step: 's' } }, SPEC, /needs the path parameter id/],
    ['an unknown path parameter', { params: { id: '1', step: 's', x: 'y' } }, SPEC, /no path parameter x/],
    [
      'an inherited name',
      { params: {} },
      { ...SPEC, path: '/{toString}' },
      /needs the path parameter toString/,
    ],
    ['a segment ..', { params: { id: '..', step: 's' } }, SPEC, /would leave its path/],
    ['a segment .', { params: { id: '1', step: '.' } }, SPEC, /would leave its path/],
    ['a lone surrogate', { params: { id: '\ud800', step: 's' } }, SPEC, /no valid Unicode/],
    ['an unknown query name', { query: { token: 'x' } }, READ, /does not declare the query parameter token/],
    [
      'a query value that is no scalar',
      { query: { limit: [] as never } },
      READ,
      /as a text, number or boolean/,
    ],
    ['a body on GET', { json: {} }, READ, /takes no body/],
    ['two bodies', { params: { id: '1', step: 's' }, json: {}, text: '' }, SPEC, /several bodies/],
    [
      'a form of numbers',
      { params: { id: '1', step: 's' }, form: { a: 1 as never } },
      SPEC,
      /names with texts/,
    ],
    [
      'a content type with a line break',
      { params: { id: '1', step: 's' }, text: 'x', contentType: 'text/plain\r\nx: y' },
      SPEC,
      /content type that is none/,
    ],
  ])('refuses %s', (_, params, spec, message) => {
    expect(() => buildRequest(spec, params, BASE)).toThrow(
      expect.objectContaining({ code: 'CALL_INVALID', message: expect.stringMatching(message) }),
    );
  });

  it.each<[GivenParams, string, string]>([
    [{ json: { a: [1] } }, '{"a":[1]}', 'application/json'],
    [{ json: null }, 'null', 'application/json'],
    [
      { json: {}, contentType: 'application/scim+json;charset=utf-8' },
      '{}',
      'application/scim+json;charset=utf-8',
    ],
    [{ form: { a: 'b c', d: 'é' } }, 'a=b+c&d=%C3%A9', 'application/x-www-form-urlencoded'],
    [{ text: 'plain' }, 'plain', 'text/plain; charset=utf-8'],
  ])('%j is sent as %s (%s)', (params, body, contentType) => {
    const request = buildRequest(SPEC, { params: { id: '1', step: 's' }, ...params }, BASE);
    expect(serializeBody(request.body!)).toBe(body);
    expect(request.headers).toEqual({ 'content-type': contentType });
  });

  it('never leaves the base URL and never changes the number of segments, whatever the values', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '..',
        '../..',
        '%2e%2e',
        '//evil.example',
        '@evil.example',
        '\\..\\',
        '?x=1',
        '#x',
        'a\r\nb',
      ),
    );
    fc.assert(
      fc.property(value, value, (id, notify) => {
        let url: URL;
        try {
          url = buildRequest(SPEC, { params: { id, step: 's' }, query: { notify } }, BASE).url;
        } catch (refused) {
          expect(refused).toMatchObject({ code: 'CALL_INVALID' });
          return;
        }
        expect(url.origin).toBe('https://tenant.example.com');
        expect(url.pathname.split('/')).toHaveLength(7);
        expect(url.pathname.startsWith('/gateway/api/users/')).toBe(true);
        expect(decodeURIComponent(url.pathname.split('/')[4]!)).toBe(id);
        expect([...url.searchParams]).toEqual([['notify', notify]]);
        expect(url.hash).toBe('');
      }),
      { numRuns: 1_000 },
    );
  });
});
