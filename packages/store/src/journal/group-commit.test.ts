import { describe, expect, it } from '@jest/globals';
import { GroupCommit } from './group-commit.js';

describe('GroupCommit', () => {
  it('commits together what is asked for in one turn, or while a commit is under way', async () => {
    const commits: number[][] = [];
    const gate = Promise.withResolvers<void>();
    const group = new GroupCommit<number, number>(async (items) => {
      commits.push([...items]);
      await gate.promise;
      return items.map((value) => ({ status: 'fulfilled', value: value * 10 }));
    });
    const first = [group.add(1), group.add(2)];
    await new Promise((resolve) => setImmediate(resolve));
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
    });
    const some = await Promise.allSettled([group.add(1), group.add(2)]);
    expect(some.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    fails = true;
    const none = await Promise.allSettled([group.add(1), group.add(3)]);
    expect(none.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    fails = false;
    expect(await group.add(5)).toBe(5);
  });
});
