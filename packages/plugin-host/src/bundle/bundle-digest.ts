import { createHash } from 'node:crypto';

/** The address of a bundle: SHA-256 of its zip in lower-case hex. */
export function bundleDigest(zip: Uint8Array): string {
  return createHash('sha256').update(zip).digest('hex');
}
