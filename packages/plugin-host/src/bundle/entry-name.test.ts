import { describe, expect, it } from '@jest/globals';
import { entryName, foldedName, quote } from './entry-name.js';

const UTF8 = 0x800;

describe('entryName', () => {
  it.each(['code.mjs', 'plugins/acme.tag-host/plugin.json', '..code', 'a..b/c', '...'])(
    'takes %j',
    (name) => {
      expect(entryName(Buffer.from(name), 0)).toBe(name);
    },
  );

  it('takes UTF-8 that is marked as such', () => {
    expect(entryName(Buffer.from('café.md'), UTF8)).toBe('café.md');
  });

  it.each([
    ['', 'BUNDLE_NAME_INVALID'],
    ['x'.repeat(201), 'BUNDLE_NAME_INVALID'],
    ['café.md', 'BUNDLE_NAME_INVALID'],
    ['a\0b', 'BUNDLE_NAME_INVALID'],
    ['./code.mjs', 'BUNDLE_NAME_INVALID'],
    ['a/./b', 'BUNDLE_NAME_INVALID'],
    ['a//b', 'BUNDLE_NAME_INVALID'],
    ['..', 'BUNDLE_PATH_ESCAPES'],
    ['a/..', 'BUNDLE_PATH_ESCAPES'],
    ['/a', 'BUNDLE_PATH_ABSOLUTE'],
    ['//host/share', 'BUNDLE_PATH_ABSOLUTE'],
    ['c:a', 'BUNDLE_PATH_ABSOLUTE'],
    ['..\\a', 'BUNDLE_PATH_BACKSLASH'],
    ['a/', 'BUNDLE_NOT_A_FILE'],
  ])('refuses %j', (name, code) => {
    expect(() => entryName(Buffer.from(name), 0)).toThrow(expect.objectContaining({ code }));
  });

  it('refuses bytes that are not UTF-8 although they are marked so', () => {
    expect(() => entryName(Buffer.from([0x61, 0xff]), UTF8)).toThrow(
      expect.objectContaining({ code: 'BUNDLE_NAME_INVALID' }),
    );
  });
});

describe('foldedName', () => {
  it.each([
    ['Code.MJS', 'code.mjs'],
    ['cafe\u0301', 'caf\u00c9'],
    ['stra\u00dfe', 'STRASSE'],
    ['\u212aey', 'key'],
    ['lo\u017fs', 'loss'],
  ])('is equal for %j and %j', (left, right) => {
    expect(foldedName(left)).toBe(foldedName(right));
  });

  it('differs for other names', () => {
    expect(foldedName('code.mjs')).not.toBe(foldedName('code.js'));
  });
});

describe('quote', () => {
  it('shows control and direction characters as escapes', () => {
    expect(quote('\u001b[2J\u202e\u009b"')).toBe('"\\u001b[2J\\u202e\\u009b\\""');
  });
});
