import { expect, test } from '@jest/globals';
import { apiTime, readApiTime } from './api-time.js';

test.each(['2026-08-25T21:18:37.148+0000', '2026-08-25T21:18:37.148Z', '2026-08-25T23:18:37.148+0200'])(
  '%s is read',
  (text) => {
    expect(apiTime(readApiTime(text)!)).toBe('2026-08-25T21:18:37.148Z');
  },
);

test.each([undefined, null, 7, '', '25.8.2026', '2026-13-45T00:00:00Z'])('%j is no time', (value) => {
  expect(readApiTime(value)).toBeUndefined();
});
