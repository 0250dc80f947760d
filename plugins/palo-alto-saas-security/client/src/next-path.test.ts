import { expect, test } from '@jest/globals';
import { readNextPath, writeNextPath } from './next-path.js';

const PATH = '/incident/api/incidents/delta';

test('a next page as the API writes it', () => {
  const query = { limit: '20', from: '2026-08-23T20:25:17.495Z', state: 'open' };
  expect(readNextPath(`${PATH}?limit=20&from=2026-08-23T20%3A25%3A17.495Z&state=open`)).toEqual(query);
  expect(readNextPath(writeNextPath({ ...query, to: undefined }))).toEqual(query);
});

test.each([
  `https://evil.example.com${PATH}?limit=10`,
  `//evil.example.com${PATH}`,
  `/\\evil.example.com${PATH}`,
  `${PATH}/../../apps`,
  '/incident/api/apps',
  'incident/api/incidents/delta',
  `${PATH}?limit=10&token=x`,
  '',
])('"%s" is not followed', (path) => {
  expect(() => readNextPath(path)).toThrow(expect.objectContaining({ code: 'VENDOR_ANSWER_INVALID' }));
});
