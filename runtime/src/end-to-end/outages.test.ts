import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { until } from './built-drover.js';
import type { CommandOutcome } from './command-line.js';
import { describeGrounds } from './describe-grounds.js';
import { ONE_PROCESS } from './grounds.js';
import { CONNECTION, RUN_ALL, SiteTemplate, type TenantSite } from './tenant-site.js';

/** More than it takes until the vendor is taken for down, and fewer than three tries of a call can have left of them. */
const FAILURES = 7;

let template: SiteTemplate;
let site: TenantSite;

beforeAll(async () => {
  template = await SiteTemplate.make({ batchObjects: 1_000 });
}, 60_000);
afterAll(() => template.close());

describeGrounds((ground) => {
  beforeEach(async () => {
    site = await template.open({ ground });
  });
  afterEach(() => site.close());

  function ask(...argv: string[]): Promise<CommandOutcome> {
    return site.drover.run(argv);
  }

  function runWhileDown({ failures }: { failures: number }): Promise<CommandOutcome> {
    site.tenant.order({ times: failures, effect: { kind: 'status', status: 502 } });
    return ask(...RUN_ALL, '--json');
  }

  function expectNothingLost({ json }: CommandOutcome): void {
    expect(json.summary.counts).toMatchObject({ failed: 0, unknown: 0, deferred: 0 });
    expect(json.summary.counts.succeeded).toBeGreaterThan(0);
  }

  // The process that executes has its circuits in memory: no other process could know, or end the wait.
  if (ground === ONE_PROCESS) {
    it('a run waits while its vendor is down, and goes on when a probe comes through', async () => {
      const running = runWhileDown({ failures: 1_000 });
      const isWaiting = async () => (await site.drover.count('tasks where waiting_since is not null')) > 0;
      await until(isWaiting, { what: 'the run to wait for its vendor', withinMs: 40_000 });
      site.tenant.reset();
      expectNothingLost(await running);
    }, 90_000);
    return;
  }

  it('a run waits while its vendor is down, every process knows, and a test that succeeds ends it', async () => {
    const running = runWhileDown({ failures: FAILURES });
    let text = '';
    for (const lastLook = Date.now() + 40_000; !text.includes('vendor seems down'); await sleep(100)) {
      if (Date.now() > lastLook) throw new Error(`The vendor is not taken for down: ${text}`);
      text = (await ask('connection', 'show', CONNECTION)).stdout;
    }
    const [listed] = (await ask('connection', 'list', '--json')).json;
    expect(listed).toMatchObject({ name: CONNECTION, vendorDown: { nextCallInMs: expect.any(Number) } });

    const tested = await ask('connection', 'test', CONNECTION, '--json');
    expect([tested.exitCode, tested.stderr]).toEqual([0, '']);
    expect((await ask('connection', 'list')).stdout).not.toContain('seems down');

    expectNothingLost(await running);
  }, 90_000);
});
