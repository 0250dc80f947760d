import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { CuttableWire, makeEmptyPostgres, missingPostgres, skipLoudly } from '@drover/testing';
import { composeParts } from '../composition/container.js';
import { readEnvironment } from '../environment/read-environment.js';
import { serve } from './serve.js';

const missing = missingPostgres();
if (missing === undefined) it('an idle process ends well while its database is away', endWithout, 60_000);
else skipLoudly('ending while the database is away', missing);

async function endWithout(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'drover-serve-'));
  const database = await makeEmptyPostgres();
  const wire = await CuttableWire.to(database.url);
  const environment = {
    DROVER_DATA_DIR: folder,
    DROVER_DATABASE_URL: wire.through(database.url),
    DROVER_LOG_LEVEL: 'silent',
  };
  const { settings } = readEnvironment(environment);
  const parts = composeParts({ settings, version: '0.0.0', environment, notify: () => undefined });
  await serve(parts, () => undefined, { role: 'all' });
  expect((await parts.engine()).isExecuting).toBe(true);
  await wire.cut();
  await parts.close({ abandon: false, drainMs: 1_000 });
  await database.remove();
  await rm(folder, { recursive: true });
}
