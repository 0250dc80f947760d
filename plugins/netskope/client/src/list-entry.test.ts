import { expect, test } from '@jest/globals';
import { missingEntries, toListEntry } from './list-entry.js';

test.each([
  ['example.com', 'example.com'],
  ['https://Example.COM/Some/Path?q=A#top', 'example.com/Some/Path?q=A#top'],
  ['HTTP://example.com', 'example.com'],
  ['ftp://files.example.com/a', 'files.example.com/a'],
  ['*.example.com', '*.example.com'],
  ['xn--bcher-kva.example/b%C3%BCcher', 'xn--bcher-kva.example/b%C3%BCcher'],
  ['example.com:8080/a', 'example.com:8080/a'],
  ['example.com:65535', 'example.com:65535'],
  ['example.com/redirect?to=http://other.example/', 'example.com/redirect?to=http://other.example/'],
  ['http://192.0.2.10/gate.php', '192.0.2.10/gate.php'],
  ['192.0.2.0/24', '192.0.2.0/24'],
  ['192.0.2.10-192.0.2.20', '192.0.2.10-192.0.2.20'],
  ['http://192.0.2.4/24/path', '192.0.2.4/24/path'],
  ['http://192.0.2.4/99', '192.0.2.4/99'],
  ['http://192.0.2.4:80/24', '192.0.2.4:80/24'],
  ['example.com/~user/(a);b=1,2!$&', 'example.com/~user/(a);b=1,2!$&'],
])('%s stands in an exact list as %s', (value, entry) => {
  expect(toListEntry(value)).toEqual({ ok: true, entry });
});

test.each([
  ['', 'blank'],
  ['   ', 'blank'],
  ['# example.com', 'comment'],
  [';example.com', 'comment'],
  ['example.com/a b', 'non-ASCII'],
  [' example.com', 'non-ASCII'],
  ['example.com/\u0000', 'non-ASCII'],
  ['bücher.example', 'punycode'],
  ['www.with%20space.example', 'punycode'],
  ['-a.example', 'inner dashes'],
  ['a-.example', 'inner dashes'],
  ['a_b.example', 'inner dashes'],
  ['a..example', 'inner dashes'],
  ['.example.com', 'inner dashes'],
  ['example.com.', 'inner dashes'],
  ['*example.com', '*'],
  ['www.example.*', '*'],
  ['*.*.example.com', '*'],
  ['*', '*'],
  ['example.com/a*b', '*'],
  ['https://user:secret@example.com/', 'passwords'],
  ['user@example.com', 'passwords'],
  ['example.com:0', 'port'],
  ['example.com:65536', 'port'],
  ['example.com:foo', 'port'],
  ['example.com:/a', 'port'],
  ['?param=1', 'no host'],
  ['https:///path', 'no host'],
  ['http://[2001:db8::1]/a', 'IPv6'],
  ['2001:db8::1', 'IPv6'],
  ['1.2.3', 'four parts'],
  ['1.1.1.1.1', 'four parts'],
  ['123456789', 'four parts'],
  ['1.2.3.256', 'four parts'],
  ['0.0.0.0', '0.0.0.0'],
  ['192.0.2.4/24', 'host bits'],
  ['http://192.0.2.0/24', 'whole network 192.0.2.0/24'],
  ['http://192.0.2.7/32', 'whole network'],
  ['192.0.2.20-192.0.2.10', 'below its end'],
  ['192.0.2.10-192.0.2.10', 'below its end'],
  ['192.0.2.10-192.0.2.20/path', 'part of a URL'],
  ['192.0.2.10-192.0.2', 'two IPv4 addresses'],
  ['example.com/"quoted"', 'percent-encoded'],
  ['example.com/%zz', 'percent-encoded'],
  ['example.com/a[1]', 'percent-encoded'],
])('%j is refused, since: %s', (value, reason) => {
  const result = toListEntry(value);
  expect(result.ok).toBe(false);
  expect(result).toMatchObject({ reason: expect.stringContaining(reason) });
});

test.each([
  ['https://evil.example', ['evil.example', 'evil.example/a', 'evil.example:8080', 'evil.example?q']],
  ['evil.example/a.b', ['evil.example/a.b', 'evil.example/a.b/c', 'evil.example/a.b?x=1']],
  ['evil.example/', ['evil.example/', 'evil.example/below']],
  ['*.evil.example', ['evil.example', 'www.evil.example/a', 'a.b.evil.example']],
  ['evil.example/(a)+$?x=1', ['evil.example/(a)+$?x=1']],
])('in a regex list %s matches what the exact entry would', (value, urls) => {
  const result = toListEntry(value, 'regex');
  if (!result.ok) throw new Error(result.reason);
  expect(result.entry).not.toContain('\\');
  for (const url of urls) expect(url).toMatch(new RegExp(result.entry));
});

test.each([
  ['evil.example', ['notevil.example', 'evilxexample', 'evil.example.org']],
  ['evil.example/a', ['evil.example/ab', 'www.evil.example/a', 'evil.example']],
  ['*.evil.example', ['notevil.example', 'other.example/www.evil.example']],
])('in a regex list %s matches nothing else', (value, urls) => {
  const result = toListEntry(value, 'regex');
  if (!result.ok) throw new Error(result.reason);
  for (const url of urls) expect(url).not.toMatch(new RegExp(result.entry));
});

test('a regex list takes no address range', () => {
  expect(toListEntry('192.0.2.0/24', 'regex')).toMatchObject({ ok: false });
  expect(toListEntry('192.0.2.1-192.0.2.9', 'regex')).toMatchObject({ ok: false });
});

test('missing are the entries that no line stands for, whatever its scheme and case', () => {
  const listed = ['a.example', 'HTTPS://B.example/Path', '# c.example'];
  expect(missingEntries(['a.example'], listed)).toEqual([]);
  expect(missingEntries(['a.example', 'b.example/Path', 'c.example', 'b.example/path'], listed)).toEqual([
    'c.example',
    'b.example/path',
  ]);
});
