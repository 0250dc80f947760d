import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { createSaasSecuritySimulator, type SaasSecuritySimulatorOptions } from '@drover/simulators';
import { createHarness } from '@drover/testing';
import feed from './index.js';

/** The feed against a whole tenant, which pages and filters as SaaS Security does. */
const CLIENT = { clientId: 'client', clientSecret: 'secret-of-tests' };
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));
const CONFIG = {
  firstFetch: '7 days',
  state: 'All',
  severity: [] as string[],
  status: [] as string[],
  applicationIds: [],
  pageSize: 10,
  overlapMinutes: 2,
  incidentType: 'SaaS Security Incident',
  classifier: [],
};

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function start(
  config: Partial<typeof CONFIG> = {},
  options: Partial<SaasSecuritySimulatorOptions> = {},
) {
  const simulator = createSaasSecuritySimulator({ ...CLIENT, incidents: 95, ...options });
  const harness = createHarness({
    definition: feed,
    manifest: { ...manifest, limits: { ...manifest.limits, rateGroups: undefined } },
    connection: {
      settings: { baseUrl: await simulator.listen(), clientId: CLIENT.clientId },
      secrets: { clientSecret: CLIENT.clientSecret },
    },
    config: { ...CONFIG, ...config },
  });
  closing.push(
    () => harness.close(),
    () => simulator.close(),
  );
  return { simulator, harness };
}

const idsOf = (drafts: readonly { value: string }[]) =>
  drafts.map(({ value }) => Number(value.split('/')[1]));
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test('every incident once, whichever the page size', async () => {
  const { harness } = await start();
  for (const pageSize of [10, 20, 1_000]) {
    const { drafts, fault } = await harness.pull({ config: { ...CONFIG, pageSize } });
    expect(fault).toBeUndefined();
    expect(idsOf(drafts).toSorted((a, b) => a - b)).toEqual(upTo(95));
  }
});

test('incidents that change and appear while pages are read are neither lost nor doubled', async () => {
  const { harness, simulator } = await start();
  const held = new Map<number, unknown>();
  const keep = (drafts: readonly { value: string; attributes?: { name: string; value: unknown }[] }[]) =>
    drafts.forEach((draft) =>
      held.set(idsOf([draft])[0]!, draft.attributes!.find(({ name }) => name === 'assigned_to')?.value),
    );
  let seen: number[] = [];
  const report = await harness.pull({
    onPage: (page, index) => {
      seen = [...seen, ...idsOf(page.drafts)];
      keep(page.drafts);
      if (index > 4) return;
      // One that was read, one that is still to come, and a new one.
      simulator.changeIncident(seen[0]! - index, { assigned_to: `analyst ${index}` });
      simulator.changeIncident(10 - index, { assigned_to: `analyst ${index}` });
      simulator.addIncident(1_000 + index, { updated_at: new Date().toISOString() });
    },
  });
  expect(report.fault).toBeUndefined();
  const { incidents } = simulator.state();
  expect(Object.fromEntries(held)).toEqual(
    Object.fromEntries(incidents.map(({ incident_id, assigned_to }) => [incident_id, assigned_to])),
  );
  const versions = report.drafts.map(
    ({ value, attributes }) => `${value} ${attributes!.find(({ name }) => name === 'updated_at')!.value}`,
  );
  expect(new Set(versions).size).toBe(versions.length);
});

test('a second pull brings what changed since, and what lies in the overlap', async () => {
  const { harness, simulator } = await start();
  const { checkpoint } = await harness.pull();
  simulator.changeIncident(50, { state: 'closed', category: 'no_reason', status: 'Closed-No Reason' });
  const second = await harness.pull({ checkpoint: checkpoint! });
  expect(idsOf(second.drafts).at(-1)).toBe(50);
  expect(second.drafts.length).toBeLessThanOrEqual(3);
  const third = await harness.pull({
    checkpoint: second.checkpoint!,
    config: { ...CONFIG, overlapMinutes: 0 },
  });
  expect(third.drafts).toEqual([]);
});

test('a pull that breaks off at any page goes on with the next, and all are brought once', async () => {
  const { harness } = await start();
  let checkpoint: Awaited<ReturnType<typeof harness.pull>>['checkpoint'];
  const brought: number[] = [];
  for (let pulls = 0; pulls < 20; pulls += 1) {
    const report = await harness.pull({
      ...(checkpoint === undefined ? {} : { checkpoint }),
      onPage: (_page, index) => {
        if (index === 1) throw new Error('killed');
      },
    });
    checkpoint = report.checkpoint;
    brought.push(...idsOf(report.drafts));
    if (report.fault === undefined) break;
  }
  expect(brought.toSorted((a, b) => a - b)).toEqual(upTo(95));
});

test('filters hold, with the words of people', async () => {
  const { harness, simulator } = await start({ state: 'Closed', status: ['No Reason'] });
  const wanted = simulator.state().incidents.filter(({ status }) => status === 'Closed-No Reason');
  const { drafts } = await harness.pull();
  expect(new Set(idsOf(drafts))).toEqual(new Set(wanted.map(({ incident_id }) => incident_id)));
  expect(drafts.every(({ status }) => status === 'closed')).toBe(true);
});

test('more incidents of one moment than a page holds: stuck, until the page size is raised', async () => {
  const { harness, simulator } = await start();
  const updated_at = new Date(Date.now() - 60 * 60_000).toISOString();
  for (const id of upTo(15)) simulator.changeIncident(id, { updated_at });
  const stuck = await harness.pull();
  expect(stuck.fault).toMatchObject({ code: 'CURSOR_STUCK' });
  const raised = await harness.pull({ checkpoint: stuck.checkpoint!, config: { ...CONFIG, pageSize: 20 } });
  expect(raised.fault).toBeUndefined();
  const ids = new Set(idsOf([...stuck.drafts, ...raised.drafts]));
  expect(ids.size).toBe(95);
});

test('a next page on another host is not asked for', async () => {
  const { harness } = await start({}, { nextPath: (path) => `https://evil.example.com${path}` });
  expect((await harness.pull()).fault).toMatchObject({ code: 'VENDOR_ANSWER_INVALID' });
});

test('tokens that are taken back or expire are renewed', async () => {
  const { harness, simulator } = await start();
  const { drafts, fault } = await harness.pull({
    onPage: (_page, index) => {
      if (index % 3 === 1) simulator.revokeTokens();
    },
  });
  expect(fault).toBeUndefined();
  expect(drafts).toHaveLength(95);
  expect(simulator.state().tokensMinted).toBeGreaterThan(2);
});

test('a client without the scope: the connection test says so', async () => {
  const { harness } = await start({}, { scopes: ['api_access'] });
  const steps = (await harness.testConnection()).value!;
  expect(steps.at(-1)).toMatchObject({ ok: false });
  expect(JSON.stringify(steps)).toContain('incident_api');
});
