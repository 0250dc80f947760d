import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { FAULT_AREAS, renderErrorPage } from './error-page.js';
import { FAULTS } from './fault-table.js';

describe('the fault table', () => {
  it('has each code in one area', () => {
    const codes = FAULT_AREAS.flatMap(({ faults }) => Object.keys(faults));
    expect(codes.toSorted()).toEqual(Object.keys(FAULTS).toSorted());
  });

  it.each(Object.entries(FAULTS))('says of %s what to do', (code, { title, help }) => {
    expect(code).toMatch(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/);
    expect(title).toMatch(/[^.]$/);
    expect(help).toMatch(/^[A-Z].*\.$/);
  });

  it('is what docs/errors.md says; `npm run docs` makes it so', () => {
    const page = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
    expect(page).toBe(renderErrorPage());
  });
});
