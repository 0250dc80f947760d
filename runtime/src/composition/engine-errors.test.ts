import { expect, it } from '@jest/globals';
import { Fault, asFault } from '@drover/model';
import { engineErrors } from './engine-errors.js';

it('logs what comes over and over once a minute, with how often it came', () => {
  const lines: Record<string, unknown>[] = [];
  let now = 0;
  const say = engineErrors({ error: (fields: object) => void lines.push({ ...fields }) }, () => now);
  const full = asFault(Object.assign(new Error('database or disk is full'), { errcode: 13 }));
  for (; now < 59_000; now += 1_000) say(full);
  say(new Fault('INTERNAL', 'Something else.'));
  expect(lines.map(({ fault }) => (fault as Fault).code)).toEqual(['DISK_FULL', 'INTERNAL']);
  now = 61_000;
  say(full);
  expect(lines.at(-1)).toMatchObject({ fault: { code: 'DISK_FULL', retryable: true }, alsoSinceThen: 58 });
  now = 200_000;
  say(full);
  expect(lines.at(-1)).not.toHaveProperty('alsoSinceThen');
});
