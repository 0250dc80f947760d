import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { Fault } from '@drover/model';
import { CuttableWire, makeEmptyPostgres, missingPostgres, skipLoudly } from '@drover/testing';
import { readEnvironment } from '../environment/read-environment.js';
import { awaitDatabase } from './await-database.js';
import { composeParts } from './container.js';
import type { Parts } from './parts.js';

const missing = missingPostgres();
if (missing === undefined) testWaiting();
else skipLoudly('waiting for a database', missing);

function testWaiting(): void {
  let folder: string;
  let database: Awaited<ReturnType<typeof makeEmptyPostgres>>;
  let wire: CuttableWire;
  let parts: Parts;
  let told: Fault[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drover-await-'));
    database = await makeEmptyPostgres();
    wire = await CuttableWire.to(database.url);
    told = [];
  }, 60_000);
  afterEach(async () => {
    await parts.close({ abandon: true });
    await wire.cut();
    await database.remove();
    await rm(folder, { recursive: true });
  });

  function compose(url: string): void {
    const environment = { DROVER_DATA_DIR: folder, DROVER_DATABASE_URL: url };
    const { settings } = readEnvironment(environment);
    parts = composeParts({ settings, version: '0.0.0', environment, notify: () => undefined });
  }

  it('goes on when the server takes connections, having said once that it waits', async () => {
    compose(wire.through(database.url));
    await wire.cut();
    const heard = Promise.withResolvers<void>();
    const waiting = awaitDatabase(parts, {
      onWait: (fault) => {
        told.push(fault);
        heard.resolve();
      },
    });
    await heard.promise;
    await wire.mend();
    await waiting;
    expect(told.map(({ code }) => code)).toEqual(['DATABASE_UNREACHABLE']);
    expect(await (await parts.ledger()).listRuns({})).toEqual({ data: [] });
  }, 30_000);

  it('does not wait for what time will not bring', async () => {
    const url = new URL(wire.through(database.url));
    url.pathname = '/nowhere';
    compose(url.href);
    const waiting = awaitDatabase(parts, { onWait: (fault) => told.push(fault) });
    await expect(waiting).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
    expect(told).toEqual([]);
  });

  it('waits no longer when it is told to stop', async () => {
    compose(wire.through(database.url));
    await wire.cut();
    const stop = new AbortController();
    const waiting = awaitDatabase(parts, { onWait: () => stop.abort(), signal: stop.signal });
    await expect(waiting).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
  });

  it('gives up in the end', async () => {
    compose(wire.through(database.url));
    await wire.cut();
    const waiting = awaitDatabase(parts, { onWait: (fault) => told.push(fault), patienceMs: 0 });
    await expect(waiting).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
  });
}
