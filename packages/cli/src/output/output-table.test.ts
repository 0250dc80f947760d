import { describe, expect, test } from '@jest/globals';
import { outputText } from './output-table.js';

const schema = {
  type: 'object',
  properties: {
    incidents: { type: 'array', 'x-columns': ['incident_id', 'assigned_to', 'policy', 'riskScore', 'tags'] },
    next_page: { type: ['string', 'null'] },
  },
};

describe('an output as people read it', () => {
  test('a table of the declared columns, without those that are empty everywhere', () => {
    const incidents = [
      { incident_id: 'i1', assigned_to: null, policy: { id: 7 }, riskScore: 9, tags: ['a', 'b'], raw: 'x' },
      { incident_id: 'i2', riskScore: 10 },
    ];
    expect(outputText(schema, { incidents, next_page: 'p2' })).toBe(
      [
        'Next Page  p2',
        '',
        'Incident Id  Policy    Risk Score  Tags',
        'i1           {"id":7}           9  a, b',
        'i2                             10',
      ].join('\n'),
    );
  });

  test('control characters of a vendor do not reach the terminal', () => {
    expect(outputText(schema, { incidents: [{ incident_id: '\u001b[2J' }] })).not.toContain('\u001b');
  });

  test('empty lists and documents say so', () => {
    expect(outputText(schema, { incidents: [], next_page: null })).toBe('The list is empty.');
    expect(outputText({ type: 'object' }, {})).toBe('The output is empty.');
  });

  test('an object with declared columns is a table of one row', () => {
    const columns = { type: 'object', 'x-columns': ['id', 'state'] };
    const row = 'Id  State\n 4  closed';
    expect(outputText(columns, { id: 4, state: 'closed', raw: 'x' })).toBe(row);
    const incident = { id: 4, state: 'closed' };
    expect(outputText({ type: 'object', properties: { incident: columns } }, { incident })).toBe(row);
  });

  test('a list at the root, and lists without declared columns', () => {
    expect(outputText({ type: 'array', 'x-columns': ['id'] }, [{ id: 1 }, { id: 22 }])).toBe('Id\n 1\n22');
    expect(outputText({ type: 'array' }, [{ name: 'a' }, { size: 2 }])).toBe('Name  Size\na\n         2');
    expect(outputText({ type: 'array' }, ['x', 'y'])).toBe('x\ny');
  });
});
