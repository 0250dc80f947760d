import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { Fault } from '@drover/model';
import { CallSlots } from './call-slots.js';

const { signal } = new AbortController();

/** A clock that only the calls move on. */
function openSlots(options: { atVendor: number; ahead: number }) {
  let now = 0;
  const slots = new CallSlots({ ...options, now: () => now });
  const call = ({ readyMs, vendorMs }: { readyMs: number; vendorMs: number }) =>
    slots.inTurn(async () => {
      await slots.ready(async () => void (now += readyMs));
      await slots.atVendor(async () => void (now += vendorMs), signal);
    }, signal);
  return { slots, call };
}

test('no more calls are at the vendor than may be, and those behind get ready meanwhile', async () => {
  const slots = new CallSlots({ atVendor: 2, ahead: 1 });
  let [ready, atVendor, most] = [0, 0, 0];
  const answers: (() => void)[] = [];
  const calls = Array.from({ length: 6 }, () =>
    slots.inTurn(async () => {
      await slots.ready(async () => void (ready += 1));
      await slots.atVendor(async () => {
        most = Math.max(most, (atVendor += 1));
        await new Promise<void>((resolve) => answers.push(resolve));
        atVendor -= 1;
      }, signal);
    }, signal),
  );
  await sleep(5);
  expect({ ready, atVendor }).toEqual({ ready: 3, atVendor: 2 });
  while (answers.length > 0) {
    answers.shift()!();
    await sleep(2);
  }
  await Promise.all(calls);
  expect({ ready, most }).toEqual({ ready: 6, most: 2 });
});

test.each([
  ['two and a half times as many as come free meanwhile', { readyMs: 5, vendorMs: 40 }, 32 + 10],
  ['one, where the vendor takes far longer', { readyMs: 10, vendorMs: 5_000 }, 32 + 1],
  ['no more than there may be, where the vendor is faster', { readyMs: 50, vendorMs: 1 }, 32 + 20],
])('get ready ahead: %s', async (_, call, turns) => {
  const world = openSlots({ atVendor: 32, ahead: 20 });
  for (let n = 0; n < 3; n += 1) await world.call(call);
  expect(world.slots.turns).toBe(turns);
});

test('follows a vendor that becomes slow', async () => {
  const world = openSlots({ atVendor: 32, ahead: 32 });
  await world.call({ readyMs: 10, vendorMs: 10 });
  expect(world.slots.turns).toBe(64);
  for (let n = 0; n < 60; n += 1) await world.call({ readyMs: 10, vendorMs: 1_000 });
  expect(world.slots.turns).toBe(33);
});

test('who is stopped in line gets the fault of the stop, at once, and never begins', async () => {
  const slots = new CallSlots({ atVendor: 1, ahead: 1 });
  const stopped = new AbortController();
  const fault = new Fault('CANCELLED', 'The run was cancelled.');
  const end = Promise.withResolvers<void>();
  const first = slots.inTurn(() => slots.atVendor(() => end.promise, signal), signal);
  let hasBegun = false;
  const begin = async (): Promise<void> => void (hasBegun = true);
  const ready = slots.inTurn(() => slots.atVendor(begin, stopped.signal), stopped.signal);
  const behind = slots.inTurn(begin, stopped.signal);
  stopped.abort(fault);
  await expect(ready).rejects.toBe(fault);
  await expect(behind).rejects.toBe(fault);
  end.resolve();
  await first;
  expect(hasBegun).toBe(false);
  await slots.inTurn(begin, signal);
  expect(hasBegun).toBe(true);
});

test('who is stopped at the vendor is waited for', async () => {
  const slots = new CallSlots({ atVendor: 1, ahead: 1 });
  const stopped = new AbortController();
  const answer = Promise.withResolvers<string>();
  const call = slots.inTurn(() => slots.atVendor(() => answer.promise, stopped.signal), stopped.signal);
  await sleep(2);
  stopped.abort(new Fault('CANCELLED', 'The run was cancelled.'));
  await sleep(2);
  answer.resolve('it came after all');
  expect(await call).toBe('it came after all');
});

test('what a call itself fails with comes through', async () => {
  const slots = new CallSlots({ atVendor: 1, ahead: 1 });
  const own = new Error('its own');
  const call = () => slots.inTurn(() => slots.atVendor(() => Promise.reject(own), signal), signal);
  await expect(call()).rejects.toBe(own);
  await expect(call()).rejects.toBe(own);
});
