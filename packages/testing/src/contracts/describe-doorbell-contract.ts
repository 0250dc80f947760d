import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Doorbell } from '@drover/engine';

/** What every doorbell keeps: a ring is answered, never by more listeners than allowed, and closing waits. */
export function describeDoorbellContract(name: string, open: () => Promise<Doorbell>): void {
  describe(`${name} as a doorbell`, () => {
    const opened: Doorbell[] = [];

    afterEach(async () => {
      for (const doorbell of opened.splice(0)) await doorbell.close();
    });

    async function openDoorbell(): Promise<Doorbell> {
      const doorbell = await open();
      opened.push(doorbell);
      return doorbell;
    }

    it('lets a listener work until nothing is left', async () => {
      const doorbell = await openDoorbell();
      let left = 5;
      await doorbell.listen(async () => left-- > 0, { concurrency: 2 });
      await doorbell.ring();
      await until(() => left < 0);
      await sleep(10);
      expect(left).toBe(-1);
    });

    it('never runs more listeners than allowed, however often it is rung', async () => {
      const doorbell = await openDoorbell();
      let running = 0;
      let most = 0;
      let work = 60;
      await doorbell.listen(
        async () => {
          if (work <= 0) return false;
          work -= 1;
          running += 1;
          most = Math.max(most, running);
          await sleep(5);
          running -= 1;
          return true;
        },
        { concurrency: 3 },
      );
      const isDone = (): boolean => work === 0;
      while (!isDone()) {
        await doorbell.ring();
        await sleep(1);
      }
      await until(() => running === 0);
      expect(most).toBe(3);
    });

    it('answers a ring that comes while every listener is about to rest', async () => {
      const doorbell = await openDoorbell();
      let work = 0;
      let done = 0;
      let resting!: () => void;
      const rest = new Promise<void>((resolve) => {
        resting = resolve;
      });
      await doorbell.listen(
        async () => {
          const found = work > 0;
          if (!found && done === 0) await rest;
          if (found) {
            work -= 1;
            done += 1;
          }
          return found;
        },
        { concurrency: 1 },
      );
      await doorbell.ring();
      await sleep(20);
      work = 1;
      await doorbell.ring();
      resting();
      await until(() => done === 1);
    });

    it('lets a listener of its own process look without a ring', async () => {
      const doorbell = await openDoorbell();
      let looks = 0;
      await doorbell.listen(
        async () => {
          looks += 1;
          return false;
        },
        { concurrency: 1 },
      );
      doorbell.look();
      await until(() => looks === 1);
    });

    it('rings later when told so', async () => {
      const doorbell = await openDoorbell();
      let answeredAt: number | undefined;
      await doorbell.listen(
        async () => {
          answeredAt ??= performance.now();
          return false;
        },
        { concurrency: 1 },
      );
      const rungAt = performance.now();
      await doorbell.ring({ delayMs: 60 });
      await sleep(20);
      expect(answeredAt).toBeUndefined();
      await until(() => answeredAt !== undefined);
      expect(answeredAt! - rungAt).toBeGreaterThanOrEqual(55);
    });

    it('waits for what is in flight when it closes, and answers nothing after', async () => {
      const doorbell = await openDoorbell();
      let ended = 0;
      let begun = 0;
      await doorbell.listen(
        async () => {
          begun += 1;
          await sleep(30);
          ended += 1;
          return true;
        },
        { concurrency: 1 },
      );
      await doorbell.ring();
      await until(() => begun === 1);
      await doorbell.close();
      expect(ended).toBe(1);
      await doorbell.ring();
      doorbell.look();
      await sleep(20);
      expect(begun).toBe(1);
      await doorbell.close();
    });
  });
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('The condition did not come true within 5 s.');
    await sleep(2);
  }
}
