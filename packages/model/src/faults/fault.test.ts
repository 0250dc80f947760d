import { describe, expect, it } from '@jest/globals';
import { Fault, fromFaultRecord, isFault, toFaultRecord } from './fault.js';

describe('a fault as a record and back', () => {
  it.each([
    ['its kind says that trying again may help', new Fault('VENDOR_UNREACHABLE', 'x'), true],
    ['it says otherwise than its kind', new Fault('VENDOR_UNREACHABLE', 'x', { retryable: false }), false],
    ['its kind says nothing', new Fault('CONFIG_INVALID', 'x'), false],
    ['a plugin made up its code', new Fault('LIST_BUSY', 'x', { retryable: true }), true],
  ])('keeps whether to try again when %s', (_, fault, retryable) => {
    const back = fromFaultRecord(JSON.parse(JSON.stringify(toFaultRecord(fault))));
    expect(isFault(back)).toBe(true);
    expect(back).toMatchObject({ code: fault.code, message: 'x', retryable });
  });
});
