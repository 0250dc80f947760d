import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createRedactor, REDACTED } from './redactor.js';

const SECRET = 'tok/en+1 "é"~(x)!';

const secretText = fc.string({ minLength: 6, maxLength: 40, unit: 'grapheme' }).filter((text) => {
  // A secret that is part of the replacement itself cannot be taken out by it.
  return text.length >= 6 && !REDACTED.includes(text) && !text.includes('[REDACTED');
});

/** The spellings a vendor may answer in, each with what its encoder does to the surrounding text. */
const ENCODERS: Record<string, (before: string, secret: string, after: string) => string> = {
  raw: (before, secret, after) => before + secret + after,
  base64: (before, secret, after) => Buffer.from(before + secret + after).toString('base64'),
  base64url: (before, secret, after) => Buffer.from(before + secret + after).toString('base64url'),
  'base64 in a URL': (before, secret, after) =>
    encodeURIComponent(Buffer.from(before + secret + after).toString('base64')),
  hex: (before, secret, after) => Buffer.from(before + secret + after).toString('hex'),
  'hex in capitals': (before, secret, after) =>
    Buffer.from(before + secret + after)
      .toString('hex')
      .toUpperCase(),
  'URL component': (before, secret, after) => encodeURIComponent(before + secret + after),
  'URL component, lower-case escapes': (before, secret, after) =>
    encodeURIComponent(before + secret + after).replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase()),
  form: (before, secret, after) => new URLSearchParams({ k: before + secret + after }).toString(),
  JSON: (before, secret, after) => JSON.stringify(before + secret + after),
};

/** The secret alone as the encoder spells it: what must not be left. For base64, what does not depend on the neighbours. */
const LEFTOVERS: Record<string, (secret: string) => string[]> = {
  raw: (secret) => [secret],
  base64: (secret) => coresOf(secret, 'base64'),
  base64url: (secret) => coresOf(secret, 'base64url'),
  'base64 in a URL': (secret) => coresOf(secret, 'base64').map(encodeURIComponent),
  hex: (secret) => [Buffer.from(secret).toString('hex')],
  'hex in capitals': (secret) => [Buffer.from(secret).toString('hex').toUpperCase()],
  'URL component': (secret) => [encodeURIComponent(secret)],
  'URL component, lower-case escapes': (secret) => [
    encodeURIComponent(secret).replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase()),
  ],
  form: (secret) => [new URLSearchParams({ k: secret }).toString().slice(2)],
  JSON: (secret) => [JSON.stringify(secret).slice(1, -1)],
};

function coresOf(secret: string, alphabet: 'base64' | 'base64url'): string[] {
  return ['', 'x', 'xx'].map((before) => {
    const encoded = Buffer.from(before + secret)
      .toString(alphabet)
      .replace(/=+$/, '');
    return encoded.slice(before.length === 0 ? 0 : before.length + 1, -1);
  });
}

describe('createRedactor', () => {
  it.each(Object.keys(ENCODERS))('leaves no secret in any text: %s', (name) => {
    fc.assert(
      fc.property(
        secretText,
        fc.string({ unit: 'grapheme' }),
        fc.string({ unit: 'grapheme' }),
        (secret, before, after) => {
          const clean = createRedactor([secret]).redactText(ENCODERS[name]!(before, secret, after));
          expect(clean).toContain(REDACTED);
          for (const leftover of LEFTOVERS[name]!(secret)) expect(clean).not.toContain(leftover);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('replaces the secret and nothing of the text around it', () => {
    const redactor = createRedactor([SECRET]);
    expect(redactor.redactText(`id-${SECRET}-id`)).toBe(`id-${REDACTED}-id`);
    expect(redactor.redactText(`q=${encodeURIComponent(SECRET)}&n=1`)).toBe(`q=${REDACTED}&n=1`);
    expect(redactor.redactText('nothing to see')).toBe('nothing to see');
  });

  it('takes the partial base64 characters of a header of basic authentication', () => {
    const header = Buffer.from(`user:${SECRET}`).toString('base64');
    expect(createRedactor([SECRET]).redactText(`Basic ${header} next`)).toMatch(
      /^Basic [A-Za-z]{6}\[REDACTED\] next$/,
    );
  });

  it('redacts the longer of two secrets of which one begins the other', () => {
    expect(createRedactor(['abcdef', 'abcdefghij']).redactText('abcdefghij abcdef')).toBe(
      `${REDACTED} ${REDACTED}`,
    );
  });

  it('cleans values, keys and numbers of JSON, and own __proto__ keys stay keys', () => {
    const value = JSON.parse(
      `{"a":["x-secret1","y"],"secret1":1,"__proto__":{"b":"secret1"},"n":912345678}`,
    ) as unknown;
    const clean = createRedactor(['secret1', '12345678']).redact(value);
    expect(JSON.stringify(clean)).toBe(
      `{"a":["x-${REDACTED}","y"],"${REDACTED}":1,"__proto__":{"b":"${REDACTED}"},"n":"${REDACTED}"}`,
    );
  });

  it('gives the same reference back when there is nothing to hide', () => {
    const value = { a: [1, 'two', { three: null }], b: true };
    expect(createRedactor(['secret1']).redact(value)).toBe(value);
    expect(createRedactor([]).redact(value)).toBe(value);
  });

  it('replaces what is nested too deep to look into', () => {
    let deep: unknown = 'secret1';
    for (let level = 0; level < 100_000; level++) deep = [deep];
    const clean = createRedactor(['secret1']).redact({ deep });
    expect(JSON.stringify(clean)).toContain(REDACTED);
    expect(JSON.stringify(clean)).not.toContain('secret1');
  });

  it('knows minted tokens beside the secrets that it had', () => {
    const redactor = createRedactor(['secret1']).withSecrets(['minted-token']);
    expect(redactor.redactText('secret1 minted-token')).toBe(`${REDACTED} ${REDACTED}`);
  });

  it('refuses secrets of under six characters', () => {
    expect(() => createRedactor(['12345'])).toThrow(expect.objectContaining({ code: 'SECRET_TOO_SHORT' }));
  });

  it('is linear: a megabyte of near misses takes well under a second', () => {
    const redactor = createRedactor(['aaaaaaaaaaaaaaaaaaaaaaab', SECRET]);
    const started = performance.now();
    expect(redactor.finds('a'.repeat(1_000_000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
