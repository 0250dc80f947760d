import { expect, test } from '@jest/globals';
import { editedEntries, type EntryEdit } from './edited-entries.js';

const edited = (answer: unknown, edit: EntryEdit): unknown =>
  JSON.parse(editedEntries(JSON.stringify(answer), edit));

test('the middle entry of the largest list is missing, there twice, or made up', () => {
  const answer = { id: 1, tags: ['x'], data: { urls: ['a', 'b', 'c'] } };
  const urls = (edit: EntryEdit) => (edited(answer, edit) as typeof answer).data.urls;
  expect(urls('drop')).toEqual(['a', 'c']);
  expect(urls('double')).toEqual(['a', 'b', 'b', 'c']);
  expect(urls('invent')).toEqual(['a', 'invented-b', 'b', 'c']);
});

test('an invented entry has the shape of its neighbour and the values of none', () => {
  const users = [{ userId: 'ada', isNew: true, note: null, scores: [{ start: 5 }] }];
  expect(edited(users, 'invent')).toEqual([
    { userId: 'invented-ada', isNew: true, note: null, scores: [{ start: 1_000_005 }] },
    users[0],
  ]);
});

test.each(['no JSON', '{"id":1}', '[]', 'null'])('%s stays as it is', (text) => {
  expect(editedEntries(text, 'drop')).toBe(text);
});
