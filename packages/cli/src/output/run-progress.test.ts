import { describe, expect, it } from '@jest/globals';
import type { RunView } from '@drover/engine';
import { emptyCounts, newId } from '@drover/model';
import { runProgressLine } from './run-progress.js';

const STARTED = Date.parse('2026-01-01T00:00:00.000Z');

function runOf(changes: Partial<RunView>, counts: Partial<RunView['summary']['counts']> = {}): RunView {
  return {
    id: newId('run'),
    passId: newId('pass'),
    pluginId: 'netskope.manage-url-list',
    actionId: 1,
    connectionId: newId('connection'),
    collectionId: newId('collection'),
    connection: 'prod',
    collection: 'iocs',
    status: 'running',
    trigger: 'manual',
    mode: 'apply',
    cancelRequested: false,
    createdAt: new Date(STARTED).toISOString(),
    startedAt: new Date(STARTED).toISOString(),
    hold: { liveTasks: 1 },
    isInterrupted: false,
    summary: {
      counts: { ...emptyCounts(), ...counts },
      objects: 1000,
      objectsRead: 0,
      objectsWritten: 0,
      attributesWritten: 0,
      vendorCalls: 0,
      waitedMs: 0,
      remaining: 0,
    },
    ...changes,
  };
}

describe('runProgressLine', () => {
  it('shows a bar, counts per outcome, rate and time to go', () => {
    const line = runProgressLine(runOf({}, { succeeded: 240, rejected: 10 }), {
      bar: true,
      now: STARTED + 5000,
    });
    expect(line).toBe('[######------------------]  250/1,000  succeeded 240, rejected 10  50/s  ETA 15.0 s');
  });

  it('has no bar off a terminal, and no rate before there is one', () => {
    expect(runProgressLine(runOf({}), { bar: false, now: STARTED + 100 })).toBe('0/1,000');
  });

  it('says when a run waits or is being cancelled', () => {
    expect(runProgressLine(runOf({ status: 'waiting' }), { bar: false, now: STARTED })).toContain('waiting');
    expect(runProgressLine(runOf({ cancelRequested: true }), { bar: false, now: STARTED })).toContain(
      'cancelling',
    );
  });

  it('says what a run waits for that a limit has parked', () => {
    const waits = {
      code: 'RATE_LIMITED',
      message: 'Later.',
      until: new Date(STARTED + 13_000).toISOString(),
    };
    const parked = runOf({ status: 'waiting', hold: { liveTasks: 0, waits } });
    expect(runProgressLine(parked, { bar: false, now: STARTED })).toBe(
      '0/1,000  waiting  goes on in 13.0 s after RATE_LIMITED: Later.',
    );
    expect(runProgressLine(parked, { bar: false, now: STARTED + 14_000 })).toContain('goes on now after');
  });

  it('says whose work comes first', () => {
    const line = (behind: NonNullable<RunView['hold']['behind']>) =>
      runProgressLine(runOf({ status: 'queued', hold: { liveTasks: 0, behind } }), {
        bar: false,
        now: STARTED,
      });
    expect(line({ runId: 'run_1' as RunView['id'] })).toBe('0/1,000  queued  waits for the end of run_1');
    expect(line({ full: 'plugin', concurrency: 2 })).toBe(
      '0/1,000  queued  waits for room: its plugin has 2 in hand over the connection, which is all it may',
    );
    expect(line({ full: 'connection', concurrency: 1 })).toContain(
      'its connection has 1 in hand, which is all it may',
    );
  });

  it('shows how many objects wait for the vendor, and when it is asked next', () => {
    const at = (ms: number) => new Date(STARTED + ms).toISOString();
    const line = (pending: NonNullable<RunView['pending']>) =>
      runProgressLine(runOf({ status: 'waiting', pending }), { bar: false, now: STARTED });
    expect(line({ objects: 1200, nextPollAt: at(30_000) })).toBe(
      '0/1,000  waiting  1,200 pending, next poll in 30.0 s',
    );
    expect(line({ objects: 1, nextPollAt: at(-5) })).toContain('1 pending, polling now');
    expect(line({ objects: 1 })).toContain('1 pending, polling now');
  });

  it('does not count deferred objects as done', () => {
    const line = runProgressLine(runOf({}, { succeeded: 10, deferred: 990 }), { bar: false, now: STARTED });
    expect(line).toMatch(/^10\/1,000/);
  });
});
