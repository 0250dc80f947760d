import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  START_TIMEOUT_MS,
  freshRedisUrl,
  makeEmptyPostgres,
  missingPostgres,
  missingRedis,
  skipLoudly,
} from '@drover/testing';
import type { CommandOutcome } from './command-line.js';
import { CONNECTION, RUN_ALL, SiteTemplate, type TenantSite } from './tenant-site.js';

/** More than it takes until the vendor is taken for down, and fewer than three tries of a call can have left of them. */
const FAILURES = 7;

const missing = missingPostgres() ?? missingRedis();
if (missing === undefined) describeOutage();
else skipLoudly('a vendor that is down', missing);

function describeOutage(): void {
  let template: SiteTemplate;
  let site: TenantSite;
  let database: { url: string; remove(): Promise<void> };
  let environment: Record<string, string>;

  beforeAll(async () => {
    template = await SiteTemplate.make({ batchObjects: 1_000 });
    site = await template.open();
    database = await makeEmptyPostgres();
    const copy = ['db', 'copy', '--from', site.drover.dataDir, '--to', 'env:TARGET'];
    await site.drover.run(copy, { environment: { TARGET: database.url } });
    environment = { DROVER_DATABASE_URL: database.url, DROVER_REDIS_URL: await freshRedisUrl() };
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await site.close();
    await template.close();
    await database.remove();
  });

  function ask(...argv: string[]): Promise<CommandOutcome> {
    return site.drover.run(argv, { environment });
  }

  it('a run waits while its vendor is down, every process knows, and a test that succeeds ends it', async () => {
    site.tenant.order({ times: FAILURES, effect: { kind: 'status', status: 502 } });
    const running = ask(...RUN_ALL, '--json');
    let text = '';
    for (const until = Date.now() + 40_000; !text.includes('vendor seems down'); await sleep(100)) {
      if (Date.now() > until) throw new Error(`The vendor is not taken for down: ${text}`);
      text = (await ask('connection', 'show', CONNECTION)).stdout;
    }
    const [listed] = (await ask('connection', 'list', '--json')).json;
    expect(listed).toMatchObject({ name: CONNECTION, vendorDown: { nextCallInMs: expect.any(Number) } });

    const tested = await ask('connection', 'test', CONNECTION, '--json');
    expect([tested.exitCode, tested.stderr]).toEqual([0, '']);
    expect((await ask('connection', 'list')).stdout).not.toContain('seems down');

    const ended = await running;
    expect(ended.json.summary.counts).toMatchObject({ failed: 0, unknown: 0, deferred: 0 });
    expect(ended.json.summary.counts.succeeded).toBeGreaterThan(0);
  }, 90_000);
}
