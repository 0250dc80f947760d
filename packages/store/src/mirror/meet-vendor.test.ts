import { expect, it } from '@jest/globals';
import { type FieldMeeting, meetVendor } from './meet-vendor.js';

const MEETING: FieldMeeting = {
  shadow: { agreed: 'open', seen: 'open' },
  value: 'closed',
  changedAt: 50,
  isSameState: false,
  pageAt: 60,
  inward: { value: 'open', source: 'Acme', at: 10 },
  outward: { value: 'open', source: 'Acme', at: 10 },
  goesOut: true,
  source: 'Acme',
};

const said = (value: string, at: number, source = 'manual') => {
  const latest = { value, at, source };
  return { inward: latest, outward: latest };
};

it.each<[string, Partial<FieldMeeting>, object]>([
  ['only the vendor changed it', {}, { isTaken: true, store: { at: 60 }, shadow: { agreed: 'closed' } }],
  ['nobody changed it', { value: 'open' }, { isTaken: false, shadow: { agreed: 'open' } }],
  [
    'only somebody here did',
    { value: 'open', ...said('closed', 20) },
    { isTaken: false, shadow: { agreed: 'open' } },
  ],
  ['both did, the same', said('closed', 20), { isTaken: false, shadow: { agreed: 'closed' } }],
  [
    'both did, the vendor later',
    said('known', 49),
    { isTaken: true, conflict: { winner: 'vendor' }, shadow: { agreed: 'closed', dealtAt: 49 } },
  ],
  ['both did, at one time', said('known', 50), { isTaken: true, conflict: { winner: 'vendor' } }],
  [
    'both did, here later',
    said('known', 51),
    { isTaken: false, store: { at: 50 }, conflict: { winner: 'local' }, shadow: { agreed: 'closed' } },
  ],
  [
    'a change here lost before',
    { shadow: { agreed: 'open', dealtAt: 20 }, ...said('known', 20) },
    { isTaken: true, shadow: { agreed: 'closed' } },
  ],
  [
    'the page was read before a send',
    { shadow: { agreed: 'closed', seen: 'open' }, value: 'open', isSameState: true, ...said('closed', 20) },
    { isTaken: false, shadow: { agreed: 'closed' } },
  ],
  [
    'a field that only comes in',
    { goesOut: false, ...said('known', 55) },
    { isTaken: true, store: { at: 60 } },
  ],
  [
    'a field that only comes in, without news',
    { goesOut: false, value: 'open', ...said('known', 55) },
    { isTaken: false, shadow: { agreed: 'open' } },
  ],
  ['a clock here that is ahead', said('open', 90), { isTaken: true, store: { at: 91 } }],
  ['a field that is new', { shadow: undefined, inward: undefined, outward: undefined }, { isTaken: true }],
])('%s', (_name, changes, result) => {
  expect(meetVendor({ ...MEETING, ...changes })).toMatchObject(result);
});

it('takes what is in force here for the vendor’s word, and is not the vendor’s any more', () => {
  const behind = { shadow: { agreed: 'closed' }, ...said('known', 10, 'Acme') };
  expect(meetVendor({ ...MEETING, ...behind })).toMatchObject({ isTaken: true });
});
