import { expect, it } from '@jest/globals';
import { Releases } from './releases.js';

const FOR_EVER = new Promise<void>(() => undefined);
const DRAIN = { abandon: false, drainMs: 20 };

it('what never ends holds up neither the rest nor the process, and is named', async () => {
  const releases = new Releases({ closingMs: 20 });
  const released: string[] = [];
  releases.add('the database', async () => void released.push('the database'));
  releases.add('the queue', () => FOR_EVER);
  releases.add('work in hand', () => FOR_EVER, { drains: true });
  await expect(releases.run(DRAIN)).rejects.toMatchObject({
    code: 'STOP_OVERDUE',
    message: expect.stringContaining(': work in hand, the queue.'),
  });
  expect(released).toEqual(['the database']);
});

it('without a time to drain, work in hand takes as long as it takes, and the rest does not', async () => {
  const releases = new Releases({ closingMs: 20 });
  const work = Promise.withResolvers<void>();
  const released: string[] = [];
  releases.add('the queue', () => FOR_EVER);
  releases.add('work in hand', () => work.promise.then(() => void released.push('work')), { drains: true });
  const running = releases.run({ abandon: false });
  setTimeout(() => work.resolve(), 100);
  await expect(running).rejects.toThrow(/: the queue\./);
  expect(released).toEqual(['work']);
});

it('what is abandoned is not waited for either', async () => {
  const releases = new Releases({ closingMs: 20 });
  releases.add('work in hand', () => FOR_EVER, { drains: true });
  await expect(releases.run({ abandon: true })).rejects.toMatchObject({ code: 'STOP_OVERDUE' });
});

it('a failure is thrown when all has been let go of, and counts for more than what is late', async () => {
  const releases = new Releases({ closingMs: 20 });
  releases.add('the database', () => FOR_EVER);
  releases.add('the queue', () => Promise.reject(new Error('no answer')));
  await expect(releases.run(DRAIN)).rejects.toThrow('no answer');
});

it('what was still being made when all was let go of is let go of too', async () => {
  const releases = new Releases();
  await releases.run({ abandon: true });
  const released = Promise.withResolvers<boolean>();
  releases.add('the database', async ({ abandon }) => released.resolve(abandon));
  expect(await released.promise).toBe(true);
});
