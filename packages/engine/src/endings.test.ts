import { expect, test } from '@jest/globals';
import { Endings } from './endings.js';

const LONG_MS = 60_000;

test('everybody who waits for an end is woken by the next one', async () => {
  const endings = new Endings();
  const both = Promise.all([endings.next(LONG_MS), endings.next(LONG_MS)]);
  endings.tell();
  expect(await both).toHaveLength(2);
});

test('whoever waits goes on after a while without an end', async () => {
  const endings = new Endings();
  endings.tell();
  const startedMs = performance.now();
  await endings.next(20);
  expect(performance.now() - startedMs).toBeGreaterThan(15);
});
