import { expect, test } from '@jest/globals';
import { readLine } from './url-reading.js';

test.each([
  ['www.example.com', 'www.example.com'],
  ['HTTPS://WWW.Example.com/Some/Path?q=A#top', 'www.example.com/Some/Path?q=A#top'],
  ['*.example.com', '*.example.com'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ['example.com:65535/a', 'example.com:65535/a'],
  ['192.0.2.10', '192.0.2.10'],
  ['192.0.2.0/24', '192.0.2.0/24'],
  ['http://192.0.2.4/24/some/path', '192.0.2.4/24/some/path'],
  ['192.0.2.10-192.0.2.20', '192.0.2.10-192.0.2.20'],
  ['example.com/i%20mac', 'example.com/i%20mac'],
])('keeps %s as %s', (line, entry) => {
  expect(readLine(line, 'exact')).toEqual({ kind: 'entry', entry });
});

test.each(['', '   ', '# a comment', '; another'])('ignores %j without a word', (line) => {
  expect(readLine(line, 'exact')).toEqual({ kind: 'ignored' });
});

test.each([
  ['www.example.com/path with space', 'Invalid Path'],
  ['www.with space.example/path', 'Invalid host'],
  ['www.with%20space.example', 'Invalid host'],
  ['bücher.example', 'Invalid host'],
  ['-a.example', 'Invalid host'],
  ['a-.example', 'Invalid host'],
  ['?param=1', 'Invalid host'],
  ['http:///path', 'Invalid host'],
  ['[2001:db8::1]/a', 'Invalid port'],
  ['*example.com', 'Invalid wildcard'],
  ['www.example.*', 'Invalid wildcard'],
  ['*.*.example.com', 'Invalid wildcard'],
  ['example.com/a*b', 'Invalid Path'],
  ['example.com:0', 'Invalid port'],
  ['example.com:65536', 'Invalid port'],
  ['example.com:foo', 'Invalid port'],
  ['user:secret@example.com/a', 'User and password are not supported'],
  ['0.0.0.0', 'Invalid IP address'],
  ['1.2.3', 'Invalid IP address'],
  ['1.1.1.1.1', 'Invalid IP address'],
  ['123456789', 'Invalid IP address'],
  ['1.2.3.256', 'Invalid IP address'],
  ['192.0.2.4/24', 'Invalid CIDR: host bits are set'],
  ['192.0.2.20-192.0.2.10', 'Invalid IP range: start is not below end'],
  ['192.0.2.10-192.0.2.20/path', 'Invalid IP range'],
])('refuses %s: %s', (line, reason) => {
  expect(readLine(line, 'exact')).toEqual({ kind: 'refused', reason });
});

test.each(['^client[0-9]\\.example\\.com', '^evil[.]example(?:[:/?&#]|$)', '^([^.]+\\.)+example.com'])(
  'takes the regex %s',
  (line) => {
    expect(readLine(line, 'regex')).toEqual({ kind: 'entry', entry: line });
  },
);

test.each([
  '((foo|bar)',
  'a(?=b)',
  'a(?<!b)c',
  '(a)\\1',
  'https://example.com',
  'example.com^/path',
  'a(*SKIP)',
  '(?R)',
])('refuses the regex %s', (line) => {
  expect(readLine(line, 'regex').kind).toBe('refused');
});
