import { expect, test } from '@jest/globals';
import { faultOfErrors } from './graphql-errors.js';

const path = ['entities'];

test.each([
  [{ message: 'gone', extensions: { code: 'INVALID_CURSOR' } }, 'CURSOR_EXPIRED', true],
  [{ message: 'The cursor has expired', path }, 'CURSOR_EXPIRED', true],
  [{ message: 'no', extensions: { code: 'FORBIDDEN' } }, 'CREDENTIALS_REFUSED', false],
  [{ message: 'no', code: 'unauthenticated' }, 'CREDENTIALS_REFUSED', false],
  [{ message: 'slow down', extensions: { code: 'RATE_LIMITED' } }, 'RATE_LIMITED', true],
  [{ message: 'slow down', extensions: { code: 'TOO_MANY_REQUESTS' } }, 'RATE_LIMITED', true],
  [
    { message: 'Cannot query field', extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
    'VENDOR_REFUSED',
    false,
  ],
  [{ message: 'first is too large', extensions: { code: 'BAD_USER_INPUT' } }, 'VENDOR_REFUSED', false],
  [{ message: 'oops', extensions: { code: 'INTERNAL_SERVER_ERROR' } }, 'VENDOR_UNAVAILABLE', true],
  [{ message: 'oops', code: 500 }, 'VENDOR_UNAVAILABLE', true],
  [{ message: 'broke while running', path }, 'VENDOR_UNAVAILABLE', true],
  [{ message: 'never ran' }, 'VENDOR_REFUSED', false],
  ['nonsense', 'VENDOR_REFUSED', false],
])('%j is %s, to be tried again: %s', (error, code, retryable) => {
  const fault = faultOfErrors({ data: null, errors: [error] }, 'reading users');
  expect(fault).toMatchObject({ code, retryable });
  expect(fault!.message).toContain('could not finish reading users');
});

test('data beside errors does not count', () => {
  const body = { data: { entities: { nodes: [] } }, errors: [{ message: 'half of it broke', path }] };
  expect(faultOfErrors(body, 'reading users')?.message).toContain('half of it broke');
});

test('what it says is repeated up to a length, the first three of many', () => {
  const errors = ['one', 'two', 'three', 'four'].map((message) => ({ message }));
  expect(faultOfErrors({ errors }, 'x')?.message).toMatch(/It said: one; two; three$/);
  expect(faultOfErrors({ errors: [{ message: 'x'.repeat(5_000) }] }, 'x')?.message.length).toBeLessThan(500);
});

test.each([[{ data: {} }], [{ errors: [] }], [null], ['text'], [undefined]])('%j has none', (body) => {
  expect(faultOfErrors(body, 'x')).toBeUndefined();
});
