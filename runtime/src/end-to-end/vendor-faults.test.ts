import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { FaultOrder } from '@drover/simulators';
import { describeGrounds } from './describe-grounds.js';
import { expectBalanced, openTasks, readBooks } from './run-books.js';
import { RUN_ALL, SiteTemplate, type TenantSite } from './tenant-site.js';

const LISTS_PATH = '/api/v2/policy/urllist';

let template: SiteTemplate;
let site: TenantSite;

beforeAll(async () => {
  template = await SiteTemplate.make({ batchObjects: 500 });
}, 60_000);
afterAll(() => template.close());

const READ = { method: 'GET', path: LISTS_PATH };
const REPLACE = { method: 'PATCH', path: `${LISTS_PATH}/1/replace` };
const APPEND = { method: 'PATCH', path: `${LISTS_PATH}/1/append` };

/** What goes wrong, in the order in which the run meets it. Each append counts, also one that is sent again. */
const TROUBLE: FaultOrder[] = [
  { match: READ, effect: { kind: 'status', status: 500 } },
  { match: REPLACE, when: 'after', effect: { kind: 'drop' } },
  { match: APPEND, effect: { kind: 'rateLimit', dialect: 'ratelimit-reset', waitSeconds: 1 } },
  { match: APPEND, nth: 3, effect: { kind: 'drop' } },
  { match: APPEND, nth: 5, effect: { kind: 'rateLimit', dialect: 'retry-after', waitSeconds: 1 } },
  { match: APPEND, nth: 7, when: 'after', effect: { kind: 'malformedBody' } },
  { match: APPEND, nth: 8, when: 'after', effect: { kind: 'hugeBody', bytes: 26 * 1024 * 1024 } },
  { match: APPEND, nth: 9, effect: { kind: 'status', status: 503 } },
  { match: APPEND, nth: 11, effect: { kind: 'status', status: 400 } },
];

describeGrounds((ground) => {
  beforeAll(async () => {
    site = await template.open({ ground });
  }, 60_000);
  afterAll(() => site.close());

  it('a pass through all kinds of trouble balances, and what failed succeeds when it is retried', async () => {
    const { built, drover, tenant } = site;
    for (const order of TROUBLE) tenant.order(order);
    const ran = await built.run([...RUN_ALL, '--json']);
    expect(ran.exitCode).toBe(2);
    const { id, summary, fault } = ran.json;
    expect(fault).toBe(undefined);
    expect(summary.counts).toMatchObject({ unknown: 0, deferred: 0 });
    expect(summary.waitedMs).toBeGreaterThanOrEqual(1_000);
    const books = await readBooks(drover);
    const failed = books.outcomes.filter(({ status }) => status === 'failed');
    const codes = new Set(failed.map(({ code }) => code));
    expect(codes).toEqual(new Set(['RESPONSE_TOO_LARGE', 'URL_LIST_CALL_REFUSED']));
    expectBalanced(books, site.entries());
    expect(tenant.requests().byRoute['PATCH /api/v2/policy/urllist/:id/replace']?.requests).toBe(2);

    const retried = await built.run(['run', 'retry', id, '--json']);
    expect(retried).toMatchObject({
      exitCode: 0,
      json: { status: 'succeeded', summary: { counts: { succeeded: failed.length } } },
    });
    expect(await openTasks(drover)).toBe(0);
    const { outcomes } = await readBooks(drover);
    const landed = outcomes.filter(({ status }) => status === 'succeeded').map(({ value }) => value);
    expect(new Set(site.entries())).toEqual(
      new Set(landed.map((value) => value.replace(/^https?:\/\//, ''))),
    );
  }, 60_000);
});
