import type { VendorAnswer, VendorResponse } from './vendor-response.js';

/** What calls that read need. Loaded with the first of them, unless before: a command that only writes starts without got. */
export const loadReads = () => import('./answer-by-got.js');

/** The answer of a call that reads. */
export async function answerToRead(fetch: () => Promise<VendorResponse>): Promise<VendorAnswer> {
  const { answerByGot } = await loadReads();
  return answerByGot(fetch);
}

/**
 * The answer of a call that writes, without got where nothing has to be unpacked: whatever fails between the first byte of
 * one and its answer leaves it open what the vendor did, so nothing stands there that need not. It also is cheaper by half,
 * where each object has a call of its own.
 */
export async function answerToWrite(fetch: () => Promise<VendorResponse>): Promise<VendorAnswer> {
  const response = await fetch();
  const { statusCode: status, headers } = response;
  if (headers['content-encoding'] !== undefined) return answerToRead(async () => response);
  return { status, headers, body: response };
}
