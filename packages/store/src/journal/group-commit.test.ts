import { describe, expect, it } from '@jest/globals';
import { GroupCommit } from './group-commit.js';

const NOT_IN_ORDER = { areInOrder: false };
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('GroupCommit', () => {
  it('commits together what is asked for in one turn, or while a commit is under way', async () => {
    const commits: number[][] = [];
    const gate = Promise.withResolvers<void>();
    const group = new GroupCommit<number, number>(async (items) => {
      commits.push([...items]);
      await gate.promise;
      return items.map((value) => ({ status: 'fulfilled', value: value * 10 }));
    }, NOT_IN_ORDER);
    const first = [group.add(1), group.add(2)];
    await turn();
    const second = [group.add(3), group.add(4)];
    gate.resolve();
    expect(await Promise.all([...first, ...second])).toEqual([10, 20, 30, 40]);
    expect(commits).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('rejects one item or, when the commit fails, all of them, and goes on', async () => {
    let fails = false;
    const group = new GroupCommit<number, number>(async (items) => {
      if (fails) throw new Error('disk full');
      return items.map((value) =>
        value === 2 ? { status: 'rejected', reason: 'not two' } : { status: 'fulfilled', value },
      );
    }, NOT_IN_ORDER);
    const some = await Promise.allSettled([group.add(1), group.add(2)]);
    expect(some.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    fails = true;
    const none = await Promise.allSettled([group.add(1), group.add(3)]);
    expect(none.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    fails = false;
    expect(await group.add(5)).toBe(5);
  });

  it.each([
    [
      'hands over what comes while a single item is under way, where commits are in order',
      true,
      [[1], [2, 3]],
    ],
    ['waits for the single item where they are not', false, [[1]]],
  ])('%s', async (_, areInOrder, begun) => {
    const commits: number[][] = [];
    const ends: (() => void)[] = [];
    const group = new GroupCommit<number, number>(
      async (items) => {
        commits.push([...items]);
        await new Promise<void>((resolve) => ends.push(resolve));
        return items.map((value) => ({ status: 'fulfilled', value }));
      },
      { areInOrder },
    );
    const results = [group.add(1)];
    await turn();
    results.push(group.add(2), group.add(3));
    await turn();
    // With two commits under way, or with several items in one, the rest gathers.
    results.push(group.add(4));
    await turn();
    expect(commits).toEqual(begun);
    while (ends.length > 0) {
      ends.shift()!();
      await turn();
    }
    expect(await Promise.all(results)).toEqual([1, 2, 3, 4]);
    expect(commits.flat()).toEqual([1, 2, 3, 4]);
  });
});
