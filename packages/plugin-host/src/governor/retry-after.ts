/**
 * Reads a `Retry-After` header (RFC 9110): whole or broken seconds, or an HTTP date, which is measured against the
 * vendor's own clock. Milliseconds, not under 0; `undefined` for anything else.
 */
export function readRetryAfter(text: string | undefined, vendorNowMs: number): number | undefined {
  const trimmed = text?.trim() ?? '';
  if (/^\d{1,15}(?:\.\d{1,9})?$/.test(trimmed)) return Number(trimmed) * 1_000;
  // Every form of HTTP date names its day in letters; Date.parse alone takes bare numbers for years.
  if (!/^[A-Za-z]{3,9},? /.test(trimmed)) return undefined;
  const at = Date.parse(trimmed);
  return Number.isNaN(at) ? undefined : Math.max(0, at - vendorNowMs);
}
