import got, { type Got, type Response } from 'got';
import type { VendorAnswer, VendorResponse } from './vendor-response.js';

/**
 * What got is told of where a request goes. It only reads the answer: the address with its ids, the headers with their
 * secrets and the body go past it, so that no error and no diagnostics channel of its own has them.
 */
const SOMEWHERE = 'http://vendor/';

/** Each request gets copies of these lists. */
const client: Got = got.extend({
  retry: { limit: 0, methods: [], statusCodes: [], errorCodes: [] },
  followRedirect: false,
  throwHttpErrors: false,
});

/** As a stream, since got's promise and its copies of the text cost as much again as the request. */
export function answerByGot(fetch: () => Promise<VendorResponse>): Promise<VendorAnswer> {
  return new Promise((resolve, reject) => {
    const body = client.stream(SOMEWHERE, { request: fetch });
    body.on('error', reject);
    body.on('response', ({ statusCode: status, headers }: Response) =>
      resolve({ status, headers: headers as Record<string, string>, body }),
    );
  });
}
