import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { isKnownDead, ownIdentity } from './process-identity.js';

describe('isKnownDead', () => {
  const own = ownIdentity();

  it('says that this process lives', () => {
    expect(isKnownDead(own)).toBe(false);
  });

  it('knows an ended process of this machine', async () => {
    const child = spawn(process.execPath, ['-e', '0']);
    const { pid } = child;
    await once(child, 'exit');
    expect(isKnownDead({ ...own, pid })).toBe(true);
  });

  it('tells a process from an earlier one with its id, and from one before the machine started', () => {
    expect(isKnownDead({ ...own, started: '1' })).toBe(true);
    expect(isKnownDead({ ...own, boot: 'earlier' })).toBe(true);
  });

  it.each([
    ['of another machine', { ...own, host: 'other.example.com', started: '1' }],
    ['of another namespace', { ...own, namespace: 'pid:[1]', started: '1' }],
    ['that says nothing', {}],
  ])('takes a process %s for alive', (_, identity) => {
    expect(isKnownDead(identity)).toBe(false);
  });
});
