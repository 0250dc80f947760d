import { expect, test } from '@jest/globals';
import { targetOf } from '../../test/invocations.js';
import { paceOf } from './plugin-pace.js';

const CALL = { name: 'send', method: 'POST', path: '/', purpose: 'sending', effect: 'write' } as const;

test.each([
  [
    'repeatable calls leave as they come',
    { delivery: 'repeatable', concurrency: 8 },
    { inHand: 8, atVendor: 8 },
  ],
  ['once-only calls get ready ahead', { delivery: 'once', concurrency: 8 }, { inHand: 16, atVendor: 8 }],
  ['but not without bound', { delivery: 'once', concurrency: 64 }, { inHand: 96, atVendor: 64 }],
  ['and one after the other stays that', { delivery: 'once', concurrency: 1 }, { inHand: 1, atVendor: 1 }],
  ['which is the default', { delivery: 'once' }, { inHand: 1, atVendor: 1 }],
] as const)('%s', (_, { delivery, ...limits }, pace) => {
  const { manifest } = targetOf('ones', { calls: [{ ...CALL, delivery }], limits });
  expect(paceOf(manifest)).toEqual(pace);
});
