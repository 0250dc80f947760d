import { expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { oncePerRun, oncePerRunNow } from './run-directory.js';

test('something is done once, and every asker gets its result', async () => {
  const name = `test-${randomUUID()}`;
  let times = 0;
  const ask = () =>
    oncePerRun(name, async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return { times: (times += 1) };
    });
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([{ times: 1 }, { times: 1 }, { times: 1 }]);
  expect(oncePerRunNow(name, () => 'never done')).toEqual({ times: 1 });
});

test('what went wrong goes wrong for every asker', async () => {
  const name = `test-${randomUUID()}`;
  const ask = () => oncePerRun(name, async () => Promise.reject(new Error('no server')));
  await expect(ask()).rejects.toThrow('no server');
  await expect(ask()).rejects.toThrow('no server');
  expect(() => oncePerRunNow(name, () => 'never done')).toThrow('no server');
});
