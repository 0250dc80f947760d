import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import type { LifecycleAction } from '@drover-plugins/okta-client';
import { createOktaSimulator, type OktaSimulatorOptions, type OktaUserSeed } from '@drover/simulators';
import { createHarness, pluginObjects } from '@drover/testing';
import action from './index.js';

/** The action against a whole org, which refuses as Okta does. */
const TOKEN = 'a-token-of-the-okta-api';
const SUSPEND = '/api/v1/users/:userId/lifecycle/suspend';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Options {
  org?: Partial<OktaSimulatorOptions>;
  does?: LifecycleAction;
  token?: string;
  timeoutMs?: number;
}

async function start({ org, does = 'suspend', token = TOKEN, timeoutMs = 10_000 }: Options = {}) {
  const simulator = createOktaSimulator({ token: TOKEN, users: logins.map((login) => ({ login })), ...org });
  const baseUrl = await simulator.listen();
  const harness = createHarness({
    definition: action,
    manifest: { ...manifest, calls: manifest.calls.map((call: object) => ({ ...call, timeoutMs })) },
    connection: { settings: { baseUrl }, secrets: { apiToken: token } },
    config: { action: does, confirmDeactivate: does === 'deactivate' },
  });
  closing.push(
    () => harness.close(),
    () => simulator.close(),
  );
  const suspends = () => simulator.requests().byRoute[`POST ${SUSPEND}`]?.requests ?? 0;
  return { simulator, harness, suspends };
}

const logins = Array.from({ length: 250 }, (_, n) => `user${n}@example.com`);
const people = pluginObjects(logins, { type: 'identity' });

test('each user is suspended once, ten at a time', async () => {
  const { harness, simulator } = await start({ org: { latencyMs: 10 } });
  const report = await harness.run(people);
  expect(report).toMatchObject({ counts: { succeeded: 250 }, breaches: [], figures: { vendorWrites: 250 } });
  const { users, byStatus } = simulator.state();
  expect(byStatus).toEqual({ ACTIVE: 1, SUSPENDED: 250 });
  expect(users.slice(1).every(({ changes }) => changes === 1)).toBe(true);
  expect(simulator.requests().mostInFlight).toBe(10);
});

test('again: nothing is changed, and everybody is told of', async () => {
  const { harness, simulator } = await start();
  await harness.run(people);
  const before = simulator.state();
  expect(await harness.run(people)).toMatchObject({ counts: { unchanged: 250 }, breaches: [] });
  expect(simulator.state()).toEqual(before);
});

const MIXED: OktaUserSeed[] = [
  { login: 'active@example.com' },
  { login: 'suspended@example.com', status: 'SUSPENDED' },
  { login: 'locked@example.com', status: 'LOCKED_OUT' },
  { login: 'gone@example.com', status: 'DEPROVISIONED' },
  { login: 'new@example.com', status: 'STAGED' },
  { login: 'corp/slash' },
];
const MIXED_VALUES = [...MIXED.map(({ login }) => login), 'nobody@example.com', 'api.owner@example.com'];

test.each([
  ['suspend', 'succeeded unchanged rejected rejected rejected succeeded rejected rejected'],
  ['unsuspend', 'unchanged succeeded rejected rejected rejected unchanged rejected unchanged'],
  ['deactivate', 'succeeded succeeded succeeded unchanged succeeded succeeded rejected rejected'],
  ['unlock', 'unchanged rejected succeeded rejected rejected unchanged rejected unchanged'],
] as const)('%s of users in all statuses', async (does, outcomes) => {
  const { harness, simulator } = await start({ does, org: { users: MIXED, deactivationMs: 60_000 } });
  const objects = pluginObjects(MIXED_VALUES, { type: 'identity' });
  const report = await harness.run(objects);
  expect(report.fault).toBeUndefined();
  const byId = new Map(report.outcomes.map((outcome) => [outcome.objectId, outcome]));
  expect(objects.map(({ id }) => byId.get(id)!.status).join(' ')).toBe(outcomes);
  // What was written to the objects is what the vendor holds, or what a deactivation under way ends in.
  for (const { id, value } of objects) {
    const outcome = byId.get(id)!;
    if (!('writeBack' in outcome)) continue;
    const { status, isTransitioning } = simulator.state().users.find(({ login }) => login === value)!;
    const written = outcome.writeBack!.attributes![0]!.value;
    expect([value, written]).toEqual([value, isTransitioning ? 'DEPROVISIONED' : status]);
  }
});

test('a wrong token ends the run with one call', async () => {
  const { harness, simulator } = await start({ token: 'an-expired-token' });
  expect((await harness.run(people)).fault).toMatchObject({ code: 'CREDENTIALS_REFUSED' });
  expect(simulator.requests().total).toBe(1);
});

test('a token that is revoked in the middle: no more calls than were on the way, and no further batch', async () => {
  const { harness, simulator, suspends } = await start({ org: { latencyMs: 10 } });
  const match = { method: 'POST' };
  simulator.order({ match, nth: 120, times: 1_000, effect: { kind: 'status', status: 401 } });
  const report = await harness.run(people);
  expect(report.fault).toMatchObject({ code: 'CREDENTIALS_REFUSED' });
  expect(report.counts.succeeded).toBe(119);
  expect(suspends()).toBeLessThanOrEqual(119 + manifest.limits.concurrency);
  expect(simulator.state().byStatus).toEqual({ ACTIVE: 251 - 119, SUSPENDED: 119 });
});

test('a token without the right to change stops the run, and nobody is changed', async () => {
  const { harness, simulator, suspends } = await start({ org: { rights: 'read' } });
  const { fault, counts } = await harness.run(people);
  expect(fault).toMatchObject({ code: 'CREDENTIALS_REFUSED', message: expect.stringContaining('suspend') });
  expect(counts.succeeded).toBe(0);
  expect(simulator.state().byStatus).toEqual({ ACTIVE: 251 });
  expect(suspends()).toBeLessThanOrEqual(manifest.limits.concurrency);
});

test('a rate limit is kept by what the answers say: hardly a call is refused', async () => {
  const { harness, simulator } = await start({ org: { rateLimit: { requests: 100, perMs: 1_000 } } });
  const report = await harness.run(people);
  expect(report).toMatchObject({ counts: { succeeded: 250 } });
  expect(report.figures.waitedMs).toBeGreaterThan(1_000);
  const { statuses } = simulator.requests().byRoute[`POST ${SUSPEND}`]!;
  expect(statuses['429'] ?? 0).toBeLessThan(3 * manifest.limits.concurrency);
});

test('too many calls at once are sent again', async () => {
  const { harness, simulator } = await start({ org: { concurrentRequests: 6 } });
  simulator.order({
    match: { method: 'POST' },
    when: 'after',
    times: 6,
    effect: { kind: 'delay', delayMs: 200 },
  });
  expect(await harness.run(people.slice(0, 40))).toMatchObject({ counts: { succeeded: 40 } });
  expect(simulator.requests().byRoute[`POST ${SUSPEND}`]!.statuses['429']).toBeGreaterThan(0);
});

test.each(['before', 'after'] as const)(
  'an answer that is lost %s it was done: asked again, and told honestly',
  async (when) => {
    const { harness, simulator } = await start();
    simulator.order({ match: { method: 'POST' }, when, effect: { kind: 'drop' } });
    const { outcomes } = await harness.run(people.slice(0, 1));
    expect(outcomes).toMatchObject([{ status: when === 'before' ? 'succeeded' : 'unchanged' }]);
    expect(simulator.state().users[1]).toMatchObject({ status: 'SUSPENDED', changes: 1 });
  },
);

test('a time-out: not asked again at once, and the next run finds it done', async () => {
  const { harness, simulator } = await start({ timeoutMs: 500 });
  simulator.order({ match: { method: 'POST' }, when: 'after', effect: { kind: 'delay', delayMs: 60_000 } });
  const first = await harness.run(people.slice(0, 1));
  expect(first.outcomes).toMatchObject([{ status: 'failed', code: 'VENDOR_TIMEOUT', retryable: true }]);
  const again = await harness.run(people.slice(0, 1));
  expect(again.outcomes).toMatchObject([{ status: 'unchanged' }]);
});

test('aborted: what was done is told, and nothing further leaves', async () => {
  const { harness, simulator } = await start();
  simulator.order({ match: { method: 'POST' }, times: 10, effect: { kind: 'delay', delayMs: 60_000 } });
  const prepared = (await harness.prepare()).value;
  const report = await harness.execute(people.slice(0, 100), { prepared, signal: AbortSignal.timeout(300) });
  expect(report).toMatchObject({ outcomes: [], fault: { code: 'CANCELLED' } });
  expect(simulator.state().byStatus).toEqual({ ACTIVE: 251 });
});
