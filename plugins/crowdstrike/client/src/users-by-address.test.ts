import { expect, test } from '@jest/globals';
import { UsersByAddress } from './users-by-address.js';

const user = (entityId: string, emailAddresses: string[], riskScore?: number) => ({
  entityId,
  displayName: entityId,
  secondaryName: undefined,
  emailAddresses,
  riskScore,
});

function idOf(users: ReturnType<typeof user>[], addresses: string[]): string | undefined {
  const byAddress = new UsersByAddress();
  for (const each of users) byAddress.add(each);
  return byAddress.find(addresses)?.user.entityId;
}

test.each([
  ['by the first address', [user('a', ['A@example.com', 'b@example.com'])], ['a@EXAMPLE.com'], 'a'],
  ['by a later one', [user('a', ['a@example.com', 'B@example.com'])], ['b@example.com'], 'a'],
  [
    'in the order of the names',
    [user('a', ['a@x.example']), user('b', ['b@x.example'])],
    ['b@x.example', 'a@x.example'],
    'b',
  ],
  [
    'the higher risk of two',
    [user('a', ['a@x.example'], 0.1), user('b', ['a@x.example'], 0.9), user('c', ['a@x.example'])],
    ['a@x.example'],
    'b',
  ],
  [
    'a risk of 0 before none',
    [user('a', ['a@x.example']), user('b', ['a@x.example'], 0)],
    ['a@x.example'],
    'b',
  ],
  ['nobody', [user('a', ['aa@x.example'])], ['a@x.example'], undefined],
])('%s', (_what, users, names, expected) => {
  expect(idOf(users, names)).toBe(expected);
});
