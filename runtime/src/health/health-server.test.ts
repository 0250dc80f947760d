import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { CuttableWire, makeEmptyPostgres, missingPostgres, skipLoudly } from '@drover/testing';
import { composeParts } from '../composition/container.js';
import type { Parts } from '../composition/parts.js';
import { serve } from '../embedded/serve.js';
import { freePort } from '../end-to-end/scaled-site.js';
import { readEnvironment } from '../environment/read-environment.js';

/** Above the bound of a look, far below what a statement is waited for. */
const SOON_MS = 5_000;

const missing = missingPostgres();
if (missing === undefined) testHealth();
else skipLoudly('the health endpoints over PostgreSQL', missing);

function testHealth(): void {
  let folder: string;
  let database: Awaited<ReturnType<typeof makeEmptyPostgres>>;
  let wire: CuttableWire;
  let parts: Parts;
  let port: number;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drover-health-'));
    database = await makeEmptyPostgres();
    wire = await CuttableWire.to(database.url);
    port = await freePort();
    const environment = {
      DROVER_DATA_DIR: folder,
      DROVER_DATABASE_URL: wire.through(database.url),
      DROVER_HTTP_PORT: String(port),
      DROVER_LOG_LEVEL: 'silent',
    };
    const { settings } = readEnvironment(environment);
    parts = composeParts({ settings, version: '0.0.0', environment, notify: () => undefined });
  }, 60_000);
  afterEach(async () => {
    await wire.mend();
    await parts.close({ abandon: true });
    await wire.cut();
    await database.remove();
    await rm(folder, { recursive: true });
  }, 30_000);

  function start(): Promise<void> {
    return serve(parts, () => undefined, { role: 'scheduler' });
  }

  async function look(path: string): Promise<{ status: number; text: string }> {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(SOON_MS) });
    return { status: answer.status, text: await answer.text() };
  }

  it('a process that waits for its database runs, and is ready when it serves', async () => {
    await wire.cut();
    const serving = start();
    await parts.healthUrl();
    expect((await look('/healthz')).status).toBe(200);
    const { status, text } = await look('/readyz');
    expect([status, JSON.parse(text).problems]).toEqual([
      503,
      [expect.stringContaining('cannot be used'), 'This process is starting.'],
    ]);
    expect((await look('/metrics')).text).toMatch(/^drover_database_connected 0$/m);
    await wire.mend();
    await serving;
    expect((await look('/readyz')).status).toBe(200);
  }, 30_000);

  it('a database that says nothing holds up neither who asks for readiness nor who scrapes', async () => {
    await start();
    expect((await look('/readyz')).status).toBe(200);
    expect((await look('/metrics')).text).toMatch(/^drover_database_connected 1$/m);
    wire.silence();
    const [ready, metrics] = await Promise.all([look('/readyz'), look('/metrics')]);
    expect([ready.status, ready.text]).toEqual([503, expect.stringContaining('has not answered')]);
    expect(metrics.text).toMatch(/^drover_database_connected 0$/m);
    expect(metrics.text).not.toMatch(/^drover_connections_down\b/m);
  }, 30_000);
}
