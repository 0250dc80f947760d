import type { IncomingMessage } from 'node:http';
import decompressResponse from 'decompress-response';
import type { VendorAnswer, VendorResponse } from './vendor-response.js';

/** The answer of a call that reads. Loaded with the first of them: a command that only writes starts without got. */
export async function answerToRead(fetch: () => Promise<VendorResponse>): Promise<VendorAnswer> {
  const { answerByGot } = await import('./answer-by-got.js');
  return answerByGot(fetch);
}

/**
 * The answer of a call that writes, without got: whatever fails between the first byte of one and its answer leaves it
 * open what the vendor did, so nothing stands there that need not. It also is cheaper by half, where each object has a
 * call of its own.
 */
export async function answerToWrite(fetch: () => Promise<VendorResponse>): Promise<VendorAnswer> {
  const response = await fetch();
  // It reads no more of it than its headers and the stream.
  const body = decompressResponse(response as unknown as IncomingMessage);
  return { status: response.statusCode, headers: body.headers as Record<string, string>, body };
}
