import { describe, expect, it } from '@jest/globals';
import { carryConfig } from './carry-config.js';

const SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['listName', 'mode'],
  properties: {
    listName: { type: 'string', minLength: 1, maxLength: 10 },
    mode: { type: 'string', enum: ['append', 'replace'] },
    days: { type: 'integer', minimum: 1, maximum: 30 },
  },
};

describe('config that is carried to another version', () => {
  it('stays as it is where it fits, though something required is absent', () => {
    const carried = carryConfig(SCHEMA, { defaults: { listName: 'blocked', days: 7 }, setAside: {} });
    expect(carried).toEqual({ defaults: { listName: 'blocked', days: 7 }, setAside: {} });
  });

  it('is set aside where it does not: an unknown name, another type, a value out of bounds', () => {
    const defaults = { listName: 'far too long for this one', mode: 'append', days: '7', tag: 'x' };
    expect(carryConfig(SCHEMA, { defaults, setAside: {} })).toEqual({
      defaults: { mode: 'append' },
      setAside: { listName: 'far too long for this one', days: '7', tag: 'x' },
    });
  });

  it('comes back from what was set aside, but not over what was configured since', () => {
    const setAside = { listName: 'old', days: 7, tag: 'x' };
    expect(carryConfig(SCHEMA, { defaults: { listName: 'new' }, setAside })).toEqual({
      defaults: { listName: 'new', days: 7 },
      setAside: { tag: 'x' },
    });
  });

  it('is the same there and back', () => {
    const other = {
      type: 'object',
      additionalProperties: false,
      properties: { days: SCHEMA.properties.days },
    };
    const before = { defaults: { listName: 'blocked', mode: 'append', days: 7 }, setAside: {} };
    expect(carryConfig(SCHEMA, carryConfig(other, before))).toEqual(before);
  });
});
