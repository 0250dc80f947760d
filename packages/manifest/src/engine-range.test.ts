import { describe, expect, it } from '@jest/globals';
import { checkEngine } from './engine-range.js';

describe('checkEngine', () => {
  it.each([
    ['^0.1.0', '0.1.5'],
    ['>=0.1 <0.4', '0.3.9'],
    ['^0.1.0 || ^0.2.0', '0.2.0'],
    ['^0.1.0', '0.1.1-dev.3'],
  ])('takes %s for version %s', (range, version) => {
    expect(checkEngine(range, version)).toBeUndefined();
  });

  it('refuses a version outside the range', () => {
    expect(checkEngine('^0.1.0', '0.2.0')).toEqual({
      code: 'ENGINE_MISMATCH',
      path: '/engines/drover',
      message: 'The plugin works with Drover ^0.1.0, and this is 0.2.0: install a version that fits.',
    });
  });

  it.each(['*', 'x', '', '  ', '>=0.1.0 || *', 'X.x'])('refuses the range “%s”, which takes all', (range) => {
    expect(checkEngine(range, '0.1.0')).toMatchObject({
      code: 'ENGINE_RANGE_INVALID',
      message: expect.stringContaining('every version'),
    });
  });

  it.each(['newest', '^', '1.2.3.4', '^0.1.0 and up'])('refuses “%s”, which is no range', (range) => {
    expect(checkEngine(range, '0.1.0')).toMatchObject({
      code: 'ENGINE_RANGE_INVALID',
      message: expect.stringContaining('no semver range'),
    });
  });
});
