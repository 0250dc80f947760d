import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { createCrowdstrikeSimulator, type CrowdstrikeSimulatorOptions, makeUsers } from '@drover/simulators';
import { createHarness, pluginObjects } from '@drover/testing';
import action from './index.js';

/** The action against a whole tenant. */
const CLIENT = { id: 'client-of-tests', secret: 'secret-of-tests' };
const PATH = '/identity-protection/combined/graphql/v1';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function start(options: { tenant?: Partial<CrowdstrikeSimulatorOptions>; timeoutMs?: number } = {}) {
  const simulator = createCrowdstrikeSimulator({
    client: CLIENT,
    users: [
      {
        primaryDisplayName: 'Ada',
        emailAddresses: ['first@example.com', 'Ada@example.com'],
        riskScore: 0.834,
      },
      { primaryDisplayName: 'Grace', emailAddresses: ['grace@example.com'] },
      { primaryDisplayName: 'Gone', emailAddresses: ['gone@example.com'], riskScore: 1, archived: true },
    ],
    ...options.tenant,
  });
  const baseUrl = await simulator.listen();
  const { timeoutMs = 10_000 } = options;
  const harness = createHarness({
    definition: action,
    manifest: { ...manifest, calls: manifest.calls.map((call: object) => ({ ...call, timeoutMs })) },
    connection: { settings: { baseUrl, clientId: CLIENT.id }, secrets: { clientSecret: CLIENT.secret } },
    config: { poorUpTo: 350, moderateUpTo: 650 },
  });
  closing.push(
    () => harness.close(),
    () => simulator.close(),
  );
  return { simulator, harness };
}

const people = pluginObjects(
  ['ADA@example.com', 'grace@example.com', 'gone@example.com', 'nobody@example.com'],
  { subtype: 'Email Address' },
);

test('finds users by any of their addresses; not the archived', async () => {
  const { harness } = await start();
  const { outcomes, breaches } = await harness.run(people);
  expect(breaches).toEqual([]);
  expect(outcomes).toMatchObject([
    { status: 'succeeded', data: { matchedBy: 'ADA@example.com', riskScore: 0.834 } },
    { status: 'unchanged', code: 'NO_SCORE' },
    { status: 'unchanged', code: 'USER_UNKNOWN' },
    { status: 'unchanged', code: 'USER_UNKNOWN' },
  ]);
});

test('where the vendor tells addresses apart by case, the lower-case spelling is asked for as well', async () => {
  const { harness } = await start({
    tenant: {
      isCaseSensitive: true,
      users: [{ primaryDisplayName: 'Ada', emailAddresses: ['ada@example.com'], riskScore: 0.5 }],
    },
  });
  expect((await harness.run(people)).outcomes[0]).toMatchObject({ status: 'succeeded' });
});

test('what is past the first 1000 users of a query is not lost', async () => {
  const shared = Array.from({ length: 2_500 }, (_, n) => ({
    primaryDisplayName: `Account ${n}`,
    emailAddresses: [`user${n % 500}@example.com`],
    riskScore: n / 2_500,
  }));
  const { harness, simulator } = await start({ tenant: { users: shared } });
  const objects = pluginObjects(
    Array.from({ length: 500 }, (_, n) => `user${n}@example.com`),
    { subtype: 'Email Address' },
  );
  const { counts, outcomes } = await harness.run(objects);
  expect(counts.succeeded).toBe(500);
  expect(simulator.requests().byRoute[`POST ${PATH}`]).toMatchObject({ requests: 3 });
  // The riskiest of the five accounts of an address comes on the last page.
  expect(outcomes[499]).toMatchObject({ data: { riskScore: 2_499 / 2_500 } });
});

test('a thousand users of a tenant of five thousand', async () => {
  const { harness, simulator } = await start({ tenant: { users: makeUsers(5_000, Date.now()) } });
  const objects = pluginObjects(
    Array.from({ length: 1_000 }, (_, n) => `user${n * 5}@example.com`),
    { subtype: 'Email Address' },
  );
  const { counts, figures } = await harness.run(objects);
  expect(counts.succeeded + counts.unchanged).toBe(1_000);
  expect(figures).toMatchObject({ vendorCalls: 3, vendorWrites: 0 });
  expect(simulator.state().tokens.issued).toBe(1);
});

test('a client without the scope is told which', async () => {
  const { harness } = await start({ tenant: { mayQuery: false } });
  expect((await harness.run(people)).fault).toMatchObject({
    code: 'CREDENTIALS_REFUSED',
    message: expect.stringContaining(PATH),
  });
  const { value } = await harness.testConnection();
  expect(value!.at(-1)).toMatchObject({
    ok: false,
    detail: expect.stringContaining('Identity Protection GraphQL'),
  });
});

test('a lost answer is asked for again', async () => {
  const { harness, simulator } = await start();
  simulator.order({ match: { path: PATH }, when: 'after', effect: { kind: 'drop' } });
  expect(await harness.run(people)).toMatchObject({ counts: { succeeded: 1 } });
});

test('a time-out is a fault that may be tried again', async () => {
  const { harness, simulator } = await start({ timeoutMs: 150 });
  simulator.order({ match: { path: PATH }, effect: { kind: 'delay', delayMs: 60_000 } });
  expect((await harness.execute(people)).fault).toMatchObject({ code: 'VENDOR_TIMEOUT', retryable: true });
  expect((await harness.execute(people)).outcomes).toHaveLength(people.length);
});

test('aborted in the middle of a batch', async () => {
  const { harness, simulator } = await start();
  simulator.order({ match: { path: PATH }, effect: { kind: 'delay', delayMs: 60_000 } });
  const report = await harness.execute(people, { signal: AbortSignal.timeout(300) });
  expect(report).toMatchObject({ outcomes: [], fault: { code: 'CANCELLED' } });
});
