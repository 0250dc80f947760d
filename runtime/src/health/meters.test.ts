import { expect, it } from '@jest/globals';
import { ENDED_RUN_STATUSES, OUTCOME_STATUSES } from '@drover/model';
import { Meters } from './meters.js';
import type { Standing } from './standing.js';

const NOW = new Date('2026-11-22T06:00:30Z');
const STANDING: Standing = {
  queueKind: 'redis',
  queueConnected: true,
  connectionsDown: 1,
  disk: { bytes: 1_000, freeBytes: 400 },
  database: {
    due: { count: 2, since: new Date('2026-11-22T06:00:00Z') },
    held: [],
    workers: 3,
    schedulers: 1,
    census: {
      openRuns: { queued: 1, running: 2, waiting: 0 },
      pending: 5,
      unknown: 7,
      quarantined: 1,
      databaseBytes: 4_096,
    },
  },
};

it('leaves out what only the database knows while it cannot be used, and says so', async () => {
  const meters = new Meters();
  const standing = await meters.text(STANDING, NOW);
  expect(standing).toMatch(/^drover_queue_oldest_seconds 30$/m);
  expect(standing).toMatch(/^drover_runs_open\{status="running"\} 2$/m);
  expect(standing).toMatch(/^drover_unknown_objects 7$/m);
  expect(standing).toMatch(/^drover_database_connected 1$/m);
  expect(standing).toMatch(/^drover_connections_down 1$/m);

  const lost = await meters.text({ queueKind: 'redis', queueConnected: false, connectionsDown: 0 }, NOW);
  expect(lost).toMatch(/^drover_database_connected 0$/m);
  expect(lost).toMatch(/^drover_queue_connected\{kind="redis"\} 0$/m);
  expect(lost).not.toMatch(/^drover_(workers|unknown_objects|runs_open|queue_depth|disk_bytes)\b/m);
  expect(lost).toMatch(/^process_resident_memory_bytes \d/m);
  expect(await meters.text(STANDING, NOW)).toMatch(/^drover_workers 3$/m);
});

it('begins every count at 0, so that the first failed run is a rise', async () => {
  const text = await new Meters().text(STANDING, NOW);
  for (const status of ENDED_RUN_STATUSES) {
    expect(text).toContain(`drover_runs_ended_total{status="${status}"} 0\n`);
    expect(text).toContain(`drover_pulls_ended_total{status="${status}"} 0\n`);
  }
  for (const outcome of OUTCOME_STATUSES) {
    expect(text).toContain(`drover_outcomes_total{outcome="${outcome}"} 0\n`);
  }
});
