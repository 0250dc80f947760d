import { expect, it } from '@jest/globals';
import { typedAssignments } from './assignments.js';

const TYPES: Record<string, string> = {
  name: 'string',
  n: 'integer',
  on: 'boolean',
  list: 'array',
  map: 'object',
};

function read(...assignments: string[]) {
  return typedAssignments(assignments, (key) => TYPES[key]);
}

it('reads values by the type of their field', () => {
  expect(read('name=12', 'n=12', 'on=false', 'list=["a","b"]', 'map={"a":1}', 'strange=1')).toEqual({
    name: '12',
    n: 12,
    on: false,
    list: ['a', 'b'],
    map: { a: 1 },
    strange: '1',
  });
});

it('takes the first equals sign and the last word for a key', () => {
  expect(read('name=a=b', 'name=c=d')).toEqual({ name: 'c=d' });
});

it.each([
  ['n=1.5', 'an integer'],
  ['on=yes', 'a boolean'],
  ['list={}', 'an array'],
  ['map=[]', 'an object'],
])('refuses %s', (assignment, what) => {
  expect(() => read(assignment)).toThrow(what);
});

it.each(['name', '=x'])('refuses %s, which assigns nothing', (assignment) => {
  expect(() => read(assignment)).toThrow('KEY=VALUE');
});
