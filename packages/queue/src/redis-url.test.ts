import { expect, it } from '@jest/globals';
import { parseRedisUrl } from './redis-url.js';

it.each([
  ['redis://localhost', { host: 'localhost', port: 6379, db: 0 }],
  ['redis://127.0.0.1:7000/3', { host: '127.0.0.1', port: 7000, db: 3 }],
  ['redis://[::1]:7000', { host: '::1', port: 7000, db: 0 }],
  ['redis://:p%40ss@cache.example.com', { password: 'p@ss', host: 'cache.example.com', port: 6379, db: 0 }],
  [
    'rediss://app:secret@cache.example.com:6380/1',
    { username: 'app', password: 'secret', tls: {}, host: 'cache.example.com', port: 6380, db: 1 },
  ],
])('reads %s', (url, options) => {
  expect(parseRedisUrl(url)).toEqual({ kind: 'server', options, prefix: 'drover' });
});

it('reads sentinels, with TLS and passwords of their own', () => {
  expect(
    parseRedisUrl(
      'rediss+sentinel://app:secret@s1.example.com,s2.example.com:26380/main/2?sentinelPassword=other&prefix=east',
    ),
  ).toEqual({
    kind: 'sentinel',
    prefix: 'east',
    options: {
      username: 'app',
      password: 'secret',
      tls: {},
      sentinelPassword: 'other',
      enableTLSForSentinelMode: true,
      sentinelTLS: {},
      sentinels: [
        { host: 's1.example.com', port: 26379 },
        { host: 's2.example.com', port: 26380 },
      ],
      name: 'main',
      db: 2,
    },
  });
});

it('reads a cluster', () => {
  expect(parseRedisUrl('redis+cluster://app:secret@n1.example.com:7001,n2.example.com')).toEqual({
    kind: 'cluster',
    prefix: 'drover',
    nodes: [
      { host: 'n1.example.com', port: 7001 },
      { host: 'n2.example.com', port: 6379 },
    ],
    options: { redisOptions: { username: 'app', password: 'secret' } },
  });
});

it.each([
  ['localhost:6379', /is no redis:/],
  ['http://localhost', /is no redis:/],
  ['redis://a.example.com,b.example.com', /several hosts/],
  ['redis://a.example.com/zero', /database that is no number/],
  ['redis://a.example.com/0/1', /path/],
  ['redis://a.example.com:99999', /port/],
  ['redis://a.example.com?db=1', /unknown parameter "db"/],
  ['redis://a.example.com?prefix=a:b', /prefix/],
  ['redis://:%zz@a.example.com', /percent-encoded/],
  ['redis+sentinel://a.example.com', /master-name/],
  ['redis+cluster://a.example.com/1', /cluster does not have/],
])('refuses %s', (url, sentence) => {
  expect(() => parseRedisUrl(url)).toThrow(sentence);
});
