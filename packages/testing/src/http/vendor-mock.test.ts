import { describe, expect, it } from '@jest/globals';
import nock from 'nock';
import { forgetUnmatched, unmatchedRequests } from './unmatched-requests.js';
import { vendorMock } from './vendor-mock.js';

describe('vendorMock', () => {
  const vendor = vendorMock('https://tenant.example.com/gateway/');

  it('answers and keeps what it was asked', async () => {
    vendor.post('/lists', ({ body }) => ({ status: 201, body: { got: body }, headers: { 'x-id': '7' } }));
    const answer = await fetch('https://tenant.example.com/gateway/lists?page=2', {
      method: 'POST',
      body: JSON.stringify({ name: 'blocked' }),
      headers: { 'X-Token': 'abc', 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(201);
    expect(await answer.json()).toEqual({ got: { name: 'blocked' } });
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'x-id': '7',
      'content-type': 'application/json',
    });
    expect(vendor.requests).toEqual([
      expect.objectContaining({
        method: 'POST',
        path: '/gateway/lists',
        query: { page: '2' },
        headers: expect.objectContaining({ 'x-token': 'abc' }),
        body: { name: 'blocked' },
      }),
    ]);
  });

  it('starts every test without requests', () => {
    expect(vendor.requests).toEqual([]);
  });

  it('breaks off requests', async () => {
    vendor.fail('GET', '/lists', { code: 'ECONNRESET', times: 2 });
    const url = 'https://tenant.example.com/gateway/lists';
    await expect(fetch(url)).rejects.toThrow();
    await expect(fetch(url)).rejects.toThrow();
  });

  it('tells the line that would answer a request, at a known host and at another', async () => {
    vendor.get('/lists', { status: 200 });
    await fetch('https://tenant.example.com/gateway/lists');
    const url = 'https://tenant.example.com/gateway/lists/1?deploy=no';
    // The mock's library answers where it knows the host; the test fails all the same.
    expect(await fetch(url, { method: 'PUT', body: '{"urls":[]}' })).toMatchObject({ status: 501 });
    await expect(fetch('https://other.example.com/')).rejects.toThrow();
    expect((await unmatchedRequests()).map((request) => request.line)).toEqual([
      `vendor.put('/gateway/lists/1', { status: 200, body: {} }, { query: {"deploy":"no"} });  // sent {"urls":[]}  // https://tenant.example.com/gateway/lists/1?deploy=no`,
      `vendor.get('/', { status: 200, body: {} });  // https://other.example.com/`,
    ]);
    forgetUnmatched();
  });

  it('sees an unused mock', () => {
    vendor.get('/never', { status: 200 });
    expect(nock.pendingMocks()).toEqual(['GET https://tenant.example.com:443/gateway/never']);
    nock.cleanAll();
  });
});

describe('a test with leftovers', () => {
  it.each([
    ['an unanswered request', 'unmatched', /no mock answered.*vendor\.get\('\/a'/s],
    ['an unused mock', 'unused', /Mocks that nothing asked:.*GET https:\/\/tenant\.example\.com:443\/b/s],
  ])('fails on %s', async (_, kind, complaint) => {
    expect(await complaintOf(kind)).toMatch(complaint);
  });
});

/** What the check after a test says: the hooks of a mock run by hand, since a failing test cannot be expected here. */
async function complaintOf(kind: string): Promise<string> {
  const { failOnLeftovers, openNock } = await import('./vendor-mock.js');
  openNock(false);
  if (kind === 'unused') nock('https://tenant.example.com').get('/b').reply(200);
  else await fetch('https://tenant.example.com/a').catch(() => undefined);
  try {
    await failOnLeftovers('https://tenant.example.com');
    return '';
  } catch (problem) {
    return (problem as Error).message;
  } finally {
    nock.restore();
  }
}
