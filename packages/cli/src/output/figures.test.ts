import { expect, it } from '@jest/globals';
import { bytes, count, counted, duration } from './figures.js';
import { shellCommand } from './shell-command.js';

it.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1000, '1.0 s'],
  [59_949, '59.9 s'],
  [59_999, '1 min 00 s'],
  [185_000, '3 min 05 s'],
  [7_800_000, '2 h 10 min'],
])('says %d ms as %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

it.each([
  [512, '512 B'],
  [1_400_000, '1.4 MB'],
])('says %d bytes as %s', (n, text) => {
  expect(bytes(n)).toBe(text);
});

it('groups digits and counts things', () => {
  expect([0, 999, 1_000, 1_234_567, 3.5].map(count)).toEqual(['0', '999', '1,000', '1,234,567', '3.5']);
  expect(counted(1, 'object')).toBe('1 object');
  expect(counted(6379, 'object')).toBe('6,379 objects');
});

it('quotes what a shell would take apart, and leaves unset flags out', () => {
  const line = shellCommand([
    'drover action run',
    '2',
    ['--config', `{"name": "it's"}`],
    ['--step', undefined],
    ['--collection', 'iocs'],
  ]);
  expect(line).toBe(`drover action run 2 --config '{"name": "it'\\''s"}' --collection iocs`);
});
