import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { createNetskopeSimulator, type NetskopeSimulatorOptions } from '@drover/simulators';
import { createHarness, pluginObjects } from '@drover/testing';
import action from './index.js';

/** The action against a whole tenant. */
const TOKEN = 'a-token-of-the-rest-api-v2';
const PATH = '/api/v2/incidents/uba/getuci';
const DAY_MS = 86_400_000;
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const ago = (days: number, score: number) => ({ start: Date.now() - days * DAY_MS, score });

async function start(options: { tenant?: Partial<NetskopeSimulatorOptions>; timeoutMs?: number } = {}) {
  const simulator = createNetskopeSimulator({
    token: TOKEN,
    users: [
      { userId: 'Ada@example.com', scores: [ago(1, 103), ago(3, 650), ago(9, 980)] },
      { userId: 'grace@example.com', aliases: ['hopper@example.com'], scores: [ago(2, 900)] },
      { userId: 'mallory@example.com' },
    ],
    ...options.tenant,
  });
  const baseUrl = await simulator.listen();
  const harness = createHarness({
    definition: action,
    manifest: {
      ...manifest,
      calls: manifest.calls.map((call: object) => ({ ...call, timeoutMs: options.timeoutMs ?? 10_000 })),
      limits: { ...manifest.limits, rateGroups: undefined },
    },
    connection: { settings: { baseUrl }, secrets: { apiV2Token: TOKEN } },
    config: { daysToSearch: 7 },
  });
  closing.push(
    () => harness.close(),
    () => simulator.close(),
  );
  return { simulator, harness };
}

const people = pluginObjects(
  ['ada@example.com', 'hopper@example.com', 'mallory@example.com', 'nobody@example.com'],
  { subtype: 'Email Address' },
).map((object) => ({
  ...object,
  aliases: object.value.startsWith('hopper') ? ['Grace@example.com'] : [],
}));

test.each([
  ['empty', 'NO_SCORE'],
  ['missing', 'USER_UNKNOWN'],
] as const)('where unknown users are %s', async (unknownUsers, code) => {
  const { harness } = await start({ tenant: { unknownUsers } });
  const { outcomes, breaches } = await harness.run(people);
  expect(breaches).toEqual([]);
  expect(outcomes).toMatchObject([
    { status: 'succeeded', data: { samples: 2, latest: 103 } },
    { status: 'succeeded', data: { samples: 1, latest: 900 } },
    { status: 'unchanged', code: 'NO_SCORE' },
    { status: 'unchanged', code },
  ]);
  expect(outcomes[0]).toMatchObject({ writeBack: { attributes: [{ value: 650 }] } });
});

test('users go in calls of 500', async () => {
  const users = Array.from({ length: 1_201 }, (_, n) => ({
    userId: `user${n}@example.com`,
    scores: [ago(1, n % 1_000)],
  }));
  const { harness, simulator } = await start({ tenant: { users } });
  const report = await harness.run(
    pluginObjects(
      users.map(({ userId }) => userId),
      { subtype: 'Email Address' },
    ),
  );
  expect(report).toMatchObject({ counts: { succeeded: 1_201 }, figures: { vendorWrites: 0 } });
  expect(simulator.requests().byRoute[`POST ${PATH}`]).toEqual({ requests: 3, statuses: { 200: 3 } });
});

test('a token that may only read is enough; without the right the endpoint is named', async () => {
  const reading = await start({ tenant: { privileges: { [PATH]: 'read' } } });
  expect(await reading.harness.run(people)).toMatchObject({ counts: { succeeded: 2 } });
  const none = await start({ tenant: { privileges: { [PATH]: 'none' } } });
  expect((await none.harness.run(people)).fault).toMatchObject({
    code: 'CREDENTIALS_REFUSED',
    message: expect.stringContaining(PATH),
  });
});

test('a lost answer is asked for again', async () => {
  const { harness, simulator } = await start();
  simulator.order({ when: 'after', effect: { kind: 'drop' } });
  expect(await harness.run(people)).toMatchObject({ counts: { succeeded: 2 } });
});

test('a time-out is a fault that may be tried again', async () => {
  const { harness, simulator } = await start({ timeoutMs: 150 });
  simulator.order({ effect: { kind: 'delay', delayMs: 60_000 } });
  expect((await harness.execute(people)).fault).toMatchObject({ code: 'VENDOR_TIMEOUT', retryable: true });
  expect((await harness.execute(people)).outcomes).toHaveLength(people.length);
});

test('aborted in the middle of a batch', async () => {
  const { harness, simulator } = await start();
  simulator.order({ effect: { kind: 'delay', delayMs: 60_000 } });
  const report = await harness.execute(people, { signal: AbortSignal.timeout(100) });
  expect(report).toMatchObject({ outcomes: [], fault: { code: 'CANCELLED' } });
});
