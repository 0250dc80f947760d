import { describe, expect, test } from '@jest/globals';
import { normalizeKey } from './normalize-key.js';

describe('normalizeKey', () => {
  test.each([
    [
      { type: 'Indicators', subtype: 'domain', value: 'EVIL[.]example' },
      ['indicator', 'FQDN', 'evil.example'],
    ],
    [{ subtype: 'ipv4', value: '192.0.2.1' }, ['indicator', 'IP Address', '192.0.2.1']],
    [{ type: 'user', value: 'ann' }, ['identity', undefined, 'ann']],
    [{ type: 'identity', subtype: '', value: 'ann' }, ['identity', undefined, 'ann']],
  ])('%j', (input, [type, subtype, value]) => {
    const normalized = normalizeKey(input);
    expect(normalized).toEqual({
      ok: true,
      key: subtype === undefined ? { type, value } : { type, subtype, value },
    });
  });

  test.each([
    [{ value: 'x' }, 'TYPE_MISSING', 'The object has no type.'],
    [
      { type: 'indcator', value: 'x' },
      'TYPE_UNKNOWN',
      'There is no type "indcator", perhaps indicator is meant.',
    ],
    [{ type: 'indicator', value: 'x' }, 'SUBTYPE_MISSING', 'need a subtype'],
    [{ type: 'indicator', subtype: 'SHA-265', value: 'x' }, 'SUBTYPE_UNKNOWN', 'perhaps SHA-256 is meant.'],
    [{ type: 'identity', subtype: 'Email Address', value: 'x' }, 'SUBTYPE_NOT_ALLOWED', 'have no subtype'],
    [{ type: 'indicator', subtype: 'md5', value: 'x' }, 'HASH_INVALID', 'hexadecimal digits only'],
  ])('%j is refused with %s', (input, code, reason) => {
    expect(normalizeKey(input)).toEqual({ ok: false, code, reason: expect.stringContaining(reason) });
  });
});
