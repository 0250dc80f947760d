import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { createCrowdstrikeSimulator, type CrowdstrikeSimulatorOptions, makeUsers } from '@drover/simulators';
import { createHarness } from '@drover/testing';
import feed from './index.js';

/** The feed against a whole tenant. */
const CLIENT = { id: 'client-of-tests', secret: 'secret-of-tests' };
const PATH = '/identity-protection/combined/graphql/v1';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));
const FULL = { createdSince: null, after: null };
const USERS = 3_300;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function start(options: Partial<CrowdstrikeSimulatorOptions> = {}) {
  const simulator = createCrowdstrikeSimulator({
    client: CLIENT,
    users: makeUsers(USERS, Date.now()),
    ...options,
  });
  const baseUrl = await simulator.listen();
  const harness = createHarness({
    definition: feed,
    manifest,
    connection: { settings: { baseUrl, clientId: CLIENT.id }, secrets: { clientSecret: CLIENT.secret } },
    config: { initialRangeDays: 7, poorUpTo: 350, moderateUpTo: 650 },
  });
  closing.push(
    () => harness.close(),
    () => simulator.close(),
  );
  const addressesAtVendor = () =>
    simulator
      .users()
      .filter(({ archived, emailAddresses }) => !archived && emailAddresses.length > 0)
      .map(({ emailAddresses }) => emailAddresses[0]!);
  return { simulator, harness, addressesAtVendor };
}

test('a full pull has every user once, and none that is archived', async () => {
  const { harness, simulator, addressesAtVendor } = await start();
  const { drafts, reasons, pages, fault } = await harness.pull({ checkpoint: FULL, isFirst: false });
  expect(fault).toBeUndefined();
  expect(drafts.map(({ value }) => value)).toEqual(addressesAtVendor());
  expect(drafts).toHaveLength(USERS);
  expect(reasons.reduce((sum, { objects }) => sum + objects, 0)).toBe(33);
  expect(pages.at(-1)!.isComplete).toBe(true);
  expect(simulator.requests().byRoute).toMatchObject({
    [`POST ${PATH}`]: { requests: 4 },
    'POST /oauth2/token': { requests: 1 },
  });
});

test('the first pull has the accounts of the last week', async () => {
  const { harness, simulator } = await start();
  const { drafts } = await harness.pull();
  const weekAgo = Date.now() - 7 * 86_400_000;
  const young = simulator
    .users()
    .filter((user) => user.createdAtMs >= weekAgo && !user.archived && user.emailAddresses.length > 0);
  expect(drafts).toHaveLength(young.length);
  expect(young.length).toBeGreaterThan(10);
});

test('a token that is revoked or expires in the middle is renewed, and nothing is lost or doubled', async () => {
  const { harness, simulator, addressesAtVendor } = await start({ tokenLifeS: 2 });
  const report = await harness.pull({
    checkpoint: FULL,
    onPage: async (_page, index) => {
      if (index === 0) simulator.revokeTokens();
      if (index === 1) await new Promise((resolve) => setTimeout(resolve, 2_100));
    },
  });
  expect(report.fault).toBeUndefined();
  expect(report.drafts.map(({ value }) => value)).toEqual(addressesAtVendor());
  expect(simulator.state().tokens.issued).toBeGreaterThanOrEqual(3);
});

test('a pull that breaks off goes on with its next page', async () => {
  const { harness, simulator, addressesAtVendor } = await start();
  simulator.order({ match: { path: PATH }, nth: 3, times: 3, effect: { kind: 'status', status: 500 } });
  const broken = await harness.pull({ checkpoint: FULL });
  expect(broken).toMatchObject({ fault: { code: 'VENDOR_UNAVAILABLE' } });
  const rest = await harness.pull({ checkpoint: broken.checkpoint!, isFirst: false });
  expect([...broken.drafts, ...rest.drafts].map(({ value }) => value)).toEqual(addressesAtVendor());
});

test('a cursor that has expired in between: the pass begins again, and everybody is there', async () => {
  let nowMs = Date.now();
  const { harness, simulator, addressesAtVendor } = await start({
    cursorLifeS: 600,
    now: () => new Date(nowMs),
  });
  simulator.order({ match: { path: PATH }, nth: 2, times: 3, effect: { kind: 'status', status: 500 } });
  const broken = await harness.pull({ checkpoint: FULL });
  nowMs += 601_000;
  const rest = await harness.pull({ checkpoint: broken.checkpoint!, isFirst: false });
  expect(rest.fault).toBeUndefined();
  expect(rest.drafts.map(({ value }) => value)).toEqual(addressesAtVendor());
});

test('whoever is added or archived while the pages are read moves nobody else', async () => {
  const { harness, simulator, addressesAtVendor } = await start();
  const before = addressesAtVendor();
  const report = await harness.pull({
    checkpoint: FULL,
    onPage: async (_page, index) => {
      if (index === 0)
        for (const gone of [5, 6, 3_000]) simulator.changeUser(before[gone]!, { archived: true });
    },
  });
  const seen = report.drafts.map(({ value }) => value);
  expect(new Set(seen).size).toBe(seen.length);
  expect(before.filter((address) => !seen.includes(address))).toEqual([before[3_000]]);
});

test('the budget of points is waited for', async () => {
  const { harness } = await start({ points: { points: 1_500, perMs: 1_500 } });
  const report = await harness.pull({ checkpoint: FULL });
  expect(report).toMatchObject({ figures: { waitedMs: expect.any(Number) } });
  expect(report.drafts).toHaveLength(USERS);
  expect(report.figures.waitedMs).toBeGreaterThan(2_000);
});

test('the vendor’s own words and secrets do not mix', async () => {
  const { harness, simulator } = await start();
  simulator.order({ match: { path: PATH }, effect: { kind: 'echoToken', status: 400 } });
  const { fault } = await harness.pull({ checkpoint: FULL });
  expect(fault).toMatchObject({ code: 'VENDOR_REFUSED', message: expect.stringContaining('[REDACTED]') });
});
