import { expect, test } from '@jest/globals';
import { readRefusal } from './refusals.js';

const PAIRS = [
  ['a b.example', 'Invalid host'],
  ['c.example:0', 'Invalid port'],
];

test.each([
  ['under message', { statusCode: 400, message: PAIRS }],
  ['under errors', { errors: PAIRS }],
  ['as text', JSON.stringify({ statusCode: 400, message: PAIRS })],
])('reads refused URLs %s', (_where, body) => {
  expect(readRefusal(body)).toEqual({ refusedUrls: new Map(PAIRS as [string, string][]), message: '' });
});

test.each([
  [{ statusCode: 400, message: 'limit exceeded' }, 'limit exceeded'],
  [{ statusCode: 400, message: ['name is missing', 'type is missing'] }, 'name is missing; type is missing'],
  [{ error: { message: 'no' } }, '{"message":"no"}'],
  ['<html>no</html>', '<html>no</html>'],
  [undefined, ''],
  [[], ''],
])('%j refuses the call as a whole', (body, message) => {
  const refusal = readRefusal(body);
  expect(refusal.refusedUrls.size).toBe(0);
  expect(refusal.message).toBe(message);
});

test('a refused URL without a reason is still refused', () => {
  expect(readRefusal({ errors: [['a.example']] }).refusedUrls).toEqual(new Map([['a.example', '']]));
});
