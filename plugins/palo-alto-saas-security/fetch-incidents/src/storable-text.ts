/** Most bytes that an attribute keeps. */
const MAX_BYTES = 2_048;
const CUT = '…';

/** A text as an attribute can keep it: without NUL and half characters, and cut where it is too long. */
export function storableText(text: string): string {
  const clean = text.replaceAll('\0', '').toWellFormed();
  if (bytesOf(clean) <= MAX_BYTES) return clean;
  let kept = clean.slice(0, MAX_BYTES);
  while (bytesOf(kept) + bytesOf(CUT) > MAX_BYTES) kept = kept.slice(0, -1);
  return kept.replace(/[\uD800-\uDBFF]$/, '') + CUT;
}

/** Items in one text, divided by commas. Of a list that is too long, the first items and how many more there are. */
export function joinedText(items: readonly unknown[]): string {
  const texts = items.map((item) => (typeof item === 'object' ? JSON.stringify(item) : String(item)));
  const whole = texts.join(', ');
  if (bytesOf(whole) <= MAX_BYTES) return storableText(whole);
  for (let count = texts.length - 1; count > 0; count -= 1) {
    const part = `${texts.slice(0, count).join(', ')}, ${CUT} and ${texts.length - count} more`;
    if (bytesOf(part) <= MAX_BYTES) return storableText(part);
  }
  return storableText(whole);
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}
