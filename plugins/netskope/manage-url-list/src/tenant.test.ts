import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { createNetskopeSimulator, type NetskopeSimulatorOptions } from '@drover/simulators';
import { createHarness, pluginObjects } from '@drover/testing';
import action from './index.js';

/** The action against a whole tenant: what the vendor holds afterwards, beside what the outcomes say. */
const TOKEN = 'a-token-of-the-rest-api-v2';
const LISTS = '/api/v2/policy/urllist';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));
const NEXT_SLICE = { isFirstSlice: false, isLastSlice: true, remaining: 0 };

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Setup {
  tenant?: Partial<NetskopeSimulatorOptions>;
  config?: object;
  batchObjects?: number;
  /** Milliseconds that each call may take. */
  timeoutMs?: number;
}

async function start({ tenant = {}, config = {}, batchObjects = 5_000, timeoutMs = 10_000 }: Setup = {}) {
  const simulator = createNetskopeSimulator({
    token: TOKEN,
    lists: [
      { id: 5, name: 'Blocked', urls: ['old.example'] },
      { id: 6, name: 'Others', urls: ['other.example'], pending: true },
      { id: 7, name: 'Patterns', type: 'regex', urls: ['^old[.]example'] },
    ],
    ...tenant,
  });
  const baseUrl = await simulator.listen();
  const harness = createHarness({
    definition: action,
    manifest: {
      ...manifest,
      calls: manifest.calls.map((call: object) => ({ ...call, timeoutMs })),
      limits: { ...manifest.limits, batch: { objects: batchObjects }, rateGroups: undefined },
    },
    connection: { settings: { baseUrl }, secrets: { apiV2Token: TOKEN } },
    config: { urlListName: 'Blocked', clearOnManualRun: true, applyPendingChanges: false, ...config },
  });
  closing.push(
    () => harness.close(),
    () => simulator.close(),
  );
  const list = (name = 'Blocked') => simulator.state().lists.find((one) => one.name === name)!;
  return { simulator, harness, list };
}

const values = Array.from({ length: 25 }, (_, nth) => `https://h${nth}.example/path`);
const entries = values.map((value) => value.slice('https://'.length));

test('a manual pass in slices and batches takes the place of what was there', async () => {
  const { harness, list } = await start({ batchObjects: 4 });
  const first = await harness.run(pluginObjects(values.slice(0, 10)), {
    pass: { isFirstSlice: true, isLastSlice: false, remaining: 15 },
  });
  expect(first).toMatchObject({ counts: { succeeded: 10 }, breaches: [] });
  const second = await harness.run(pluginObjects(values.slice(10)), { pass: NEXT_SLICE });
  expect(second).toMatchObject({ counts: { succeeded: 15 } });
  expect([first.finishFault, second.finishFault]).toEqual([undefined, undefined]);
  expect(list()).toMatchObject({ urls: entries, appliedUrls: ['old.example'], pending: 1 });
});

test('a scheduled pass adds, and applies what is pending of all lists only when asked', async () => {
  const { harness, list, simulator } = await start({ config: { applyPendingChanges: true } });
  const report = await harness.run(pluginObjects(values), { trigger: 'schedule' });
  expect(report).toMatchObject({ counts: { succeeded: 25 } });
  expect(list()).toMatchObject({ appliedUrls: ['old.example', ...entries], pending: 0 });
  expect(list('Others').pending).toBe(0);
  expect(simulator.state().deploys).toBe(1);
});

test('a run that writes nothing leaves other people’s changes pending', async () => {
  const { harness, list, simulator } = await start({ config: { applyPendingChanges: true } });
  const report = await harness.run(pluginObjects(['a b.example']), { trigger: 'schedule' });
  expect(report).toMatchObject({ counts: { rejected: 1 } });
  expect(list('Others').pending).toBe(1);
  expect(simulator.state().deploys).toBe(0);
});

test('a list of patterns gets patterns', async () => {
  const { harness, list } = await start({ config: { urlListName: 'Patterns' } });
  const report = await harness.run(pluginObjects(['https://a.example/x?y', '192.0.2.0/24']));
  expect(report).toMatchObject({ counts: { succeeded: 1, rejected: 1 } });
  expect(list('Patterns').urls).toEqual(['^a[.]example/x[?]y(?:[:/?&#]|$)']);
});

test('objects that make the same entry share it', async () => {
  const { harness, list } = await start();
  const report = await harness.run(pluginObjects(['http://A.example', 'https://a.example', 'a.example']));
  expect(report).toMatchObject({ counts: { succeeded: 3 } });
  expect(report.finishFault).toBeUndefined();
  expect(list().urls).toEqual(['a.example']);
});

test('a batch that is repeated after a lost answer changes nothing more', async () => {
  const { harness, list, simulator } = await start();
  simulator.order({ match: { method: 'PATCH' }, when: 'after', effect: { kind: 'drop' } });
  const report = await harness.run(pluginObjects(values));
  expect(report).toMatchObject({ counts: { succeeded: 25 } });
  expect(list().urls).toEqual(entries);
  expect(simulator.requests().byRoute[`PATCH ${LISTS}/:id/replace`]).toMatchObject({ requests: 2 });
});

test.each(['before', 'after'] as const)(
  'a time-out %s the write is a fault that may be tried again',
  async (when) => {
    const { harness, list, simulator } = await start({ timeoutMs: 150 });
    await harness.prepare();
    simulator.order({ match: { method: 'PATCH' }, when, effect: { kind: 'delay', delayMs: 60_000 } });
    const late = await harness.execute(pluginObjects(values));
    expect(late.fault).toMatchObject({ code: 'VENDOR_TIMEOUT', retryable: true });
    expect(list().urls).toEqual(when === 'after' ? entries : ['old.example']);
    const again = await harness.execute(pluginObjects(values));
    expect(again.outcomes.map(({ status }) => status)).toEqual(values.map(() => 'succeeded'));
    expect(list().urls).toEqual(entries);
  },
);

test('aborted in the middle of a batch', async () => {
  const { harness, simulator } = await start();
  await harness.prepare();
  simulator.order({ match: { method: 'PATCH' }, effect: { kind: 'delay', delayMs: 60_000 } });
  const report = await harness.execute(pluginObjects(values), { signal: AbortSignal.timeout(100) });
  expect(report).toMatchObject({ outcomes: [], fault: { code: 'CANCELLED' } });
});

test('a plan reads but does not write', async () => {
  const { harness, list, simulator } = await start({
    batchObjects: 20,
    config: { applyPendingChanges: true },
  });
  const report = await harness.run(pluginObjects(values), { mode: 'plan' });
  expect(report.figures.vendorWrites).toBe(0);
  expect(report.fault ?? report.finishFault).toBeUndefined();
  expect(new Set(report.outcomes.map((outcome) => 'code' in outcome && outcome.code))).toEqual(
    new Set(['PLANNED']),
  );
  expect(report.planned.map(({ call, objects, path }) => [call, objects, path])).toEqual([
    ['replaceUrls', 20, `${LISTS}/5/replace`],
    ['appendUrls', 5, `${LISTS}/5/append`],
    ['deployUrlLists', 0, `${LISTS}/deploy`],
  ]);
  expect(report.planned.at(-1)!.blastRadius).toContain('all URL lists of the tenant');
  expect(list().urls).toEqual(['old.example']);
  expect(simulator.state().deploys).toBe(0);
});

test('an answer that is too large is refused', async () => {
  const { harness, simulator } = await start();
  await harness.prepare();
  simulator.order({ match: { method: 'PATCH' }, effect: { kind: 'hugeBody', bytes: 30_000_000 } });
  const report = await harness.execute(pluginObjects(values));
  expect(report.fault).toMatchObject({ code: 'RESPONSE_TOO_LARGE' });
});

test('a token without the right to write is told with its endpoint; its secret is not', async () => {
  const { harness, simulator } = await start({ tenant: { privileges: { [LISTS]: 'read' } } });
  const report = await harness.run(pluginObjects(values));
  expect(report.fault).toMatchObject({
    code: 'CREDENTIALS_REFUSED',
    message: expect.stringContaining(LISTS),
  });
  simulator.order({ match: { method: 'PATCH' }, effect: { kind: 'echoToken', status: 400 } });
  const echoed = await harness.execute(pluginObjects(values));
  expect(echoed.fault).toMatchObject({ code: 'URL_LIST_CALL_REFUSED' });
  expect(JSON.stringify(echoed)).not.toContain(TOKEN);
});

test('a tenant that is full is told in its own words', async () => {
  const { harness, list } = await start({ tenant: { limits: { urlsPerTenant: 20 } } });
  const report = await harness.run(pluginObjects(values));
  expect(report.fault).toMatchObject({
    code: 'URL_LIST_CALL_REFUSED',
    message: expect.stringContaining('limit of 20'),
  });
  expect(list().urls).toEqual(['old.example']);
});

test('when the first batch has nothing to send, the list is not cleared, and the run says so', async () => {
  const { harness, list } = await start({ batchObjects: 2, config: { applyPendingChanges: true } });
  const report = await harness.run(pluginObjects(['a b.example', '#', 'good.example']));
  expect(report).toMatchObject({
    counts: { rejected: 2, succeeded: 1 },
    finishFault: { code: 'URL_LIST_NOT_CLEARED' },
  });
  expect(list()).toMatchObject({ urls: ['old.example', 'good.example'], pending: 1 });
});

test('somebody who resets the list during the run is found out at its end', async () => {
  const { harness, simulator } = await start();
  await harness.prepare();
  const report = await harness.execute(pluginObjects(values));
  simulator.reset();
  const counts = { ...COUNTS, succeeded: 25 };
  expect(await harness.finish({ counts, vendorWrites: report.figures.vendorWrites })).toMatchObject({
    fault: { code: 'URL_LIST_LOST_ENTRIES', message: expect.stringContaining('25 of the 25') },
  });
});

const COUNTS = { succeeded: 0, unchanged: 0, skipped: 0, rejected: 0, failed: 0, deferred: 0, unknown: 0 };

test('of large batches a sample spread over all of them is looked for, at most 1,000 entries', async () => {
  const { harness, simulator } = await start();
  await harness.prepare();
  for (let index = 0; index < 12; index += 1) {
    const many = Array.from({ length: 500 }, (_, nth) => `n${index}-${nth}.example`);
    await harness.execute(pluginObjects(many), { index });
  }
  simulator.reset();
  const counts = { ...COUNTS, succeeded: 6_000 };
  expect(await harness.finish({ counts, vendorWrites: 12 })).toMatchObject({
    fault: { message: expect.stringContaining('1000 of the 1000 entries looked for') },
  });
});
