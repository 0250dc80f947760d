import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { createNetskopeSimulator, type NetskopeSimulatorOptions } from '@drover/simulators';
import { createHarness, pluginObjects } from '@drover/testing';
import action from './index.js';

/** The action against a whole tenant: what the vendor holds afterwards, beside what the outcomes say. */
const TOKEN = 'a-token-of-the-rest-api-v1';
const OLD = 'f'.repeat(64);
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function start(
  options: { tenant?: Partial<NetskopeSimulatorOptions>; profile?: string; timeoutMs?: number } = {},
) {
  const { tenant = {}, profile = 'Hashes', timeoutMs = 30_000 } = options;
  const simulator = createNetskopeSimulator({
    token: 'a-token-of-the-rest-api-v2',
    v1Token: TOKEN,
    fileProfiles: [
      { name: 'Hashes', hashes: [OLD] },
      { name: 'Being Edited', hashes: [OLD], pending: true },
    ],
    ...tenant,
  });
  const baseUrl = await simulator.listen();
  const harness = createHarness({
    definition: action,
    manifest: {
      ...manifest,
      calls: manifest.calls.map((call: object) => ({ ...call, timeoutMs })),
      limits: { ...manifest.limits, rateGroups: undefined },
    },
    connection: { settings: { baseUrl }, secrets: { apiV1Token: TOKEN } },
    config: { fileProfileName: profile },
  });
  closing.push(
    () => harness.close(),
    () => simulator.close(),
  );
  const held = () => simulator.state().fileProfiles.find(({ name }) => name === profile)!;
  return { simulator, harness, held };
}

const hashes = (count: number) => Array.from({ length: count }, (_, n) => n.toString(16).padStart(64, '0'));
const sha256 = (count: number) => pluginObjects(hashes(count), { subtype: 'SHA-256' });
const countOf = (outcomes: { status: string }[], status: string) =>
  outcomes.filter((outcome) => outcome.status === status).length;

test('the collection takes the place of what the profile held; the second time nothing changes', async () => {
  const { harness, held } = await start();
  expect(await harness.run(sha256(50))).toMatchObject({ counts: { succeeded: 50 }, breaches: [] });
  expect(held()).toMatchObject({ hashes: hashes(50), updates: 1 });
  expect(await harness.run(sha256(50))).toMatchObject({ counts: { unchanged: 50 }, breaches: [] });
  expect(held().updates).toBe(1);
});

test('a list is filled to 8 MiB, and every object beyond is told', async () => {
  const fitting = Math.floor((8 * 1024 * 1024 + 1) / 65);
  const { harness, held } = await start();
  const { outcomes, fault, breaches } = await harness.execute(sha256(fitting + 40));
  expect([fault, breaches]).toEqual([undefined, []]);
  expect(held().hashes).toEqual(hashes(fitting));
  expect([countOf(outcomes, 'succeeded'), countOf(outcomes, 'rejected')]).toEqual([fitting, 40]);
  expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
    objectId: `obj_${fitting + 1}`,
    code: 'LIST_FULL',
  });
});

test.each([
  ['Being Edited', 'FILE_PROFILE_PENDING'],
  ['hashes', 'FILE_PROFILE_NOT_FOUND'],
])('the profile "%s" is a fault and stays as it is', async (profile, code) => {
  const { harness, simulator } = await start({ profile });
  expect(await harness.execute(sha256(3))).toMatchObject({ fault: { code }, outcomes: [] });
  expect(simulator.state().fileProfiles.map(({ updates }) => updates)).toEqual([0, 0]);
});

test('a token that is refused is told with its endpoint, and masked', async () => {
  const { harness } = await start({ tenant: { v1Token: 'another-token' } });
  const report = await harness.execute(sha256(3));
  expect(report.fault).toMatchObject({
    code: 'CREDENTIALS_REFUSED',
    message: expect.stringContaining('/api/v1/updateFileHashList'),
  });
  expect(JSON.stringify(report)).not.toContain(TOKEN);
});

test('a token that comes back in the answer is masked', async () => {
  const { harness, simulator } = await start();
  simulator.order({ when: 'after', effect: { kind: 'echoToken', status: 400 } });
  const report = await harness.execute(sha256(3));
  expect(report.fault?.message).toContain('It said: Token');
  expect(JSON.stringify(report)).not.toContain(TOKEN);
});

test('a lost answer: the repeated call finds the list as it is to be', async () => {
  const { harness, simulator, held } = await start();
  simulator.order({ when: 'after', effect: { kind: 'drop' } });
  const { outcomes } = await harness.execute(sha256(3));
  expect(countOf(outcomes, 'unchanged')).toBe(3);
  expect(held()).toMatchObject({ hashes: hashes(3), updates: 1 });
});

test.each(['before', 'after'] as const)(
  'a time-out %s the update may be tried again, and comes to the same list',
  async (when) => {
    const { harness, simulator, held } = await start({ timeoutMs: 150 });
    simulator.order({ when, effect: { kind: 'delay', delayMs: 60_000 } });
    expect((await harness.execute(sha256(3))).fault).toMatchObject({
      code: 'VENDOR_TIMEOUT',
      retryable: true,
    });
    const { outcomes } = await harness.execute(sha256(3), { attempt: 2 });
    expect(countOf(outcomes, when === 'before' ? 'succeeded' : 'unchanged')).toBe(3);
    expect(held()).toMatchObject({ hashes: hashes(3), updates: 1 });
  },
);

test('a slow answer is waited for', async () => {
  const { harness, simulator } = await start();
  simulator.order({ when: 'after', effect: { kind: 'delay', delayMs: 600 } });
  expect(countOf((await harness.execute(sha256(3))).outcomes, 'succeeded')).toBe(3);
});

test('aborted while the vendor works', async () => {
  const { harness, simulator } = await start();
  simulator.order({ effect: { kind: 'delay', delayMs: 60_000 } });
  const report = await harness.execute(sha256(3), { signal: AbortSignal.timeout(100) });
  expect(report).toMatchObject({ outcomes: [], fault: { code: 'CANCELLED' } });
});
