import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FAULTS } from '../faults/fault-table.js';
import { MAX_VALUE_BYTES, normalizeValue } from './normalize-value.js';
import { OBJECT_TYPE_NAMES, subtypesOf } from './object-types.js';

function indicator(subtype: string, value: string): string {
  const normalized = normalizeValue({ type: 'indicator', subtype, value });
  return normalized.ok ? normalized.value : normalized.code;
}

const MD5 = '0123456789abcdef0123456789abcdef';

/** What makes values of some kind, or nearly. */
const PIECES =
  '[.] (at) hxxp :// @ [ ] : / . % " xn-- :: 0 1 a ü ß 。 \u200d 255 example mailto: com 0x \\ ? \u0130'
    .split(' ')
    .concat(' ');

describe('normalizeValue', () => {
  test.each([
    ['MD5', ` ${MD5.toUpperCase()} `, MD5],
    ['MD5', MD5.slice(1), 'HASH_INVALID'],
    ['MD5', MD5.replace('0', 'g'), 'HASH_INVALID'],
    ['SHA-1', 'a'.repeat(40), 'a'.repeat(40)],
    ['SHA-256', 'A'.repeat(64), 'a'.repeat(64)],
    ['SHA-256', MD5, 'HASH_INVALID'],
    ['SHA-512', 'f'.repeat(128), 'f'.repeat(128)],

    ['FQDN', 'Evil[.]Example.', 'evil.example'],
    ['FQDN', 'bücher.example', 'xn--bcher-kva.example'],
    ['FQDN', 'XN--BCHER-KVA.example', 'xn--bcher-kva.example'],
    ['FQDN', '_dmarc.example.com', '_dmarc.example.com'],
    ['FQDN', 'example', 'FQDN_INVALID'],
    ['FQDN', '*.example.com', 'FQDN_INVALID'],
    ['FQDN', 'https://example.com', 'FQDN_INVALID'],
    ['FQDN', 'example.com/a', 'FQDN_INVALID'],
    ['FQDN', 'example.com:80', 'FQDN_INVALID'],
    ['FQDN', 'user@example.com', 'FQDN_INVALID'],
    ['FQDN', '192.0.2.1', 'FQDN_INVALID'],
    ['FQDN', '-a.example', 'FQDN_INVALID'],
    ['FQDN', 'a..example', 'FQDN_INVALID'],
    ['FQDN', `${'a'.repeat(64)}.example`, 'FQDN_INVALID'],
    ['FQDN', `${'a.'.repeat(127)}example`, 'FQDN_INVALID'],
    ['FQDN', 'exämple.com/päth', 'FQDN_INVALID'],
    ['FQDN', 'exa mple.com', 'FQDN_INVALID'],

    ['URL', 'hxxps://Evil[.]Example/Path?Q=A#F', 'https://evil.example/Path?Q=A#F'],
    ['URL', 'HTTP://Example.com:8080', 'http://example.com:8080'],
    ['URL', 'https://Us%65r:Pw@Example.com/', 'https://Us%65r:Pw@example.com/'],
    ['URL', 'https://bücher.example/Ü', 'https://xn--bcher-kva.example/Ü'],
    ['URL', 'http://[2001:DB8:0:0::1]:80/x', 'http://[2001:db8::1]:80/x'],
    ['URL', 'http://0x7f.1/x', 'http://127.0.0.1/x'],
    ['URL', 'http://2130706433/', 'http://127.0.0.1/'],
    ['URL', 'http://intranet/x', 'http://intranet/x'],
    ['URL', 'Example.com/Path', 'example.com/Path'],
    ['URL', '192.0.2.1:8080/x', '192.0.2.1:8080/x'],
    ['URL', 'https:///192.0.2.1/a', 'URL_INVALID'],
    ['URL', 'https://', 'URL_INVALID'],
    ['URL', 'https://user@/a', 'URL_INVALID'],
    ['URL', 'http://<REDACTED>.onion/a', 'URL_INVALID'],
    ['URL', 'http://example.com\\@evil.example/', 'URL_INVALID'],
    ['URL', 'http://example.com:99999/', 'URL_INVALID'],
    ['URL', 'http://example.com/a b', 'URL_INVALID'],
    ['URL', 'intranet/x', 'URL_INVALID'],
    ['URL', 'intranet[.]', 'URL_INVALID'],
    ['URL', '0x7f.1', 'URL_INVALID'],
    ['URL', '12.5', 'URL_INVALID'],
    ['URL', 'javascript:alert(1)', 'URL_INVALID'],
    ['URL', 'mailto:user@example.com', 'URL_INVALID'],
    ['URL', 'http://[fe80::1%eth0]/', 'URL_INVALID'],

    ['Email Address', 'User[@]Example[.]com', 'User@example.com'],
    ['Email Address', 'mailto:user@example.com', 'user@example.com'],
    ['Email Address', 'user+tag@bücher.example', 'user+tag@xn--bcher-kva.example'],
    ['Email Address', '"two words"@example.com', '"two words"@example.com'],
    ['Email Address', 'user@[192.0.2.1]', 'user@[192.0.2.1]'],
    ['Email Address', 'user@[IPv6:2001:DB8::1]', 'user@[IPv6:2001:db8::1]'],
    ['Email Address', 'example.com', 'EMAIL_INVALID'],
    ['Email Address', '@example.com', 'EMAIL_INVALID'],
    ['Email Address', 'user@localhost', 'EMAIL_INVALID'],
    ['Email Address', 'a..b@example.com', 'EMAIL_INVALID'],
    ['Email Address', 'Ann <ann@example.com>', 'EMAIL_INVALID'],
    ['Email Address', `${'a'.repeat(65)}@example.com`, 'EMAIL_INVALID'],

    ['IP Address', '192.0.2[.]4', '192.0.2.4'],
    ['IP Address', '192.0.2.256', 'IP_INVALID'],
    ['IP Address', '192.0.2.04', 'IP_INVALID'],
    ['IP Address', '0x7f.1', 'IP_INVALID'],
    ['IP Address', '2001:db8::1', 'IP_INVALID'],
    ['IP Address', '192.0.2.1:80', 'IP_INVALID'],
    ['IP Address', '192.0.2.0/24', 'IP_INVALID'],
    ['IPv6 Address', '2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['IPv6 Address', '192.0.2.1', 'IP_INVALID'],
    ['IPv6 Address', 'fe80::1%eth0', 'IP_INVALID'],
    ['IPv6 Address', 'g::1', 'IP_INVALID'],
    ['CIDR', '192.0.2.77/24', '192.0.2.0/24'],
    ['CIDR', '2001:DB8::5/32', '2001:db8::/32'],
    ['CIDR', '192.0.2.0/33', 'CIDR_INVALID'],
    ['CIDR', '192.0.2.0', 'CIDR_INVALID'],

    ['ASN', 'asn 64496', 'AS64496'],
    ['ASN', '64496', 'AS64496'],
    ['ASN', 'AS4294967296', 'IDENTIFIER_INVALID'],
    ['MAC Address', '00-00-5E-00-53-AF', '00:00:5e:00:53:af'],
    ['MAC Address', '0000.5e00.53af', '00:00:5e:00:53:af'],
    ['MAC Address', '00-00:5E-00-53-AF', 'IDENTIFIER_INVALID'],
    ['CVE', 'cve-2021-44228', 'CVE-2021-44228'],
    ['CVE', 'CVE-21-1', 'IDENTIFIER_INVALID'],
    ['Filename', ' e\u0301vil[.]exe ', '\u00e9vil[.]exe'],
    ['Mutex', 'a\u0000b', 'VALUE_CHARACTERS'],
    ['Mutex', '\ud800', 'VALUE_CHARACTERS'],
    ['String', ' \t ', 'VALUE_EMPTY'],
    ['String', 'ü'.repeat(MAX_VALUE_BYTES / 2), 'ü'.repeat(MAX_VALUE_BYTES / 2)],
    ['String', 'ü'.repeat(MAX_VALUE_BYTES / 2 + 1), 'VALUE_TOO_LONG'],
    ['String', 'x'.repeat(1_000_000), 'VALUE_TOO_LONG'],
    ['sha256', 'A'.repeat(64), 'TYPE_UNKNOWN'],
  ])('%s %j is %j', (subtype, value, expected) => {
    expect(indicator(subtype, value)).toBe(expected);
  });

  test.each([
    ['identity', ' Ann.Lee ', 'Ann.Lee'],
    ['identity', 'Ann[@]EXAMPLE.com', 'Ann@example.com'],
    ['identity', 'DOMAIN\\ann', 'DOMAIN\\ann'],
    ['identity', 'ann@corp', 'ann@corp'],
    ['vulnerability', 'cve-2021-44228', 'CVE-2021-44228'],
    ['vulnerability', 'Heartbleed', 'Heartbleed'],
    ['asset', 'laptop-7', 'laptop-7'],
    ['Identity', 'ann', 'TYPE_UNKNOWN'],
    ['constructor', 'ann', 'TYPE_UNKNOWN'],
  ])('%s %j is %j', (type, value, expected) => {
    const normalized = normalizeValue({ type, value });
    expect(normalized.ok ? normalized.value : normalized.code).toBe(expected);
  });

  test('an identity with a subtype and an indicator without one are refused', () => {
    expect(normalizeValue({ type: 'identity', subtype: 'URL', value: 'x' })).toMatchObject({ ok: false });
    expect(normalizeValue({ type: 'indicator', value: 'x' })).toMatchObject({ ok: false });
  });

  test('for any text of any kind: never throws, twice is once, refusals carry a code of the table', () => {
    const kinds = [
      ...subtypesOf('indicator').map((subtype) => ({ type: 'indicator', subtype })),
      ...OBJECT_TYPE_NAMES.filter((type) => type !== 'indicator').map((type) => ({ type })),
    ];
    const piece = fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 3 }));
    const value = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(fc.constantFrom(...kinds), value, (kind, text) => {
        const once = normalizeValue({ ...kind, value: text });
        if (once.ok) expect(normalizeValue({ ...kind, value: once.value })).toEqual(once);
        else expect(Object.keys(FAULTS)).toContain(once.code);
      }),
      { numRuns: 4_000 },
    );
  });

  test('a hostile value takes no longer than a long one', () => {
    const startedAt = performance.now();
    for (const subtype of subtypesOf('indicator')) {
      for (const unit of ['a', '.', '-', '@', 'a.', '[.]', ':', '/', '"', 'ü', '0', '[', ' .']) {
        normalizeValue({ type: 'indicator', subtype, value: unit.repeat(16_384 / unit.length) });
      }
    }
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});
