import { expect, test } from '@jest/globals';
import { BatchLine } from './batch-line.js';

function openLine(mostInHand: number) {
  const line = new BatchLine();
  const begun: string[] = [];
  const join = (name: string, openObjects: number) => {
    const batch = { openObjects, mostInHand, isAlone: name === 'alone' };
    line.join(batch, () => begun.push(name));
    return batch;
  };
  return { line, begun, join };
}

test('a batch begins when those before it leave some of what may be in hand free', () => {
  const { line, begun, join } = openLine(8);
  const first = join('first', 100);
  join('second', 100);
  join('third', 100);
  expect(begun).toEqual(['first']);
  first.openObjects = 8;
  line.look();
  expect(begun).toEqual(['first']);
  first.openObjects = 7;
  line.look();
  expect(begun).toEqual(['first', 'second']);
});

test('a batch in a process of its own has the plugin alone', () => {
  const { line, begun, join } = openLine(8);
  const first = join('first', 1);
  const alone = join('alone', 1);
  join('third', 1);
  expect(begun).toEqual(['first']);
  line.leave(first);
  expect(begun).toEqual(['first', 'alone']);
  line.leave(alone);
  expect(begun).toEqual(['first', 'alone', 'third']);
});

test('small batches begin together up to what may be in hand', () => {
  const { begun, join } = openLine(8);
  for (const name of ['first', 'second', 'third']) join(name, 4);
  expect(begun).toEqual(['first', 'second']);
});

test('a batch that ends makes room, and one that gives up its place is left out', () => {
  const { line, begun, join } = openLine(1);
  const [first, second] = [join('first', 10), join('second', 10)];
  join('third', 10);
  line.leave(second);
  line.leave(first);
  expect(begun).toEqual(['first', 'third']);
});
