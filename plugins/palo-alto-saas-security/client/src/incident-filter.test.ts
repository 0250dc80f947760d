import { expect, test } from '@jest/globals';
import { filterQuery } from './incident-filter.js';

test.each([
  ['New', 'open-new'],
  ['Assigned', 'open-assigned'],
  ['In Progress', 'open-in progress'],
  ['Pending', 'open-pending'],
  ['No Reason', 'closed-no reason'],
  ['Business Justified', 'closed-business justified'],
  ['Misidentified', 'closed-misidentified'],
  ['In The Cloud', 'closed-in the cloud'],
  ['Dismiss', 'closed-dismiss'],
])('the status %s is %s', (name, filter) => {
  expect(filterQuery({ status: [name] })).toMatchObject({ status: filter });
});

test('All and nothing are not asked for', () => {
  const none = { state: undefined, severity: undefined, status: undefined, app_ids: undefined };
  expect(filterQuery({ state: 'All', status: ['All'], severity: [], appIds: [] })).toEqual(none);
  expect(filterQuery({})).toEqual(none);
});

test.each(['open', 'constructor'])('the status %s does not exist', (name) => {
  expect(() => filterQuery({ status: [name] })).toThrow(expect.objectContaining({ path: '/status' }));
});
