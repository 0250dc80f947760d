import { afterEach, describe, expect, test } from '@jest/globals';
import {
  createSaasSecuritySimulator,
  type SaasSecuritySimulator,
  type SaasSecuritySimulatorOptions,
} from './saas-security-simulator.js';

const CLIENT = { clientId: 'client-for-tests', clientSecret: 'secret-for-tests' };
const DELTA = '/incident/api/incidents/delta';
const REMEDIATION = '/remediation/api/assets';
const SCOPES = 'api_access incident_api remediation_api';
const NOW = Date.parse('2026-01-02T03:04:05.678Z');

let running: SaasSecuritySimulator | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function start(options: Partial<SaasSecuritySimulatorOptions> = {}) {
  const clock = { ms: NOW };
  running = createSaasSecuritySimulator({
    ...CLIENT,
    incidents: 30,
    now: () => new Date(clock.ms),
    ...options,
  });
  const url = await running.listen();
  const mint = async (scope = SCOPES, secret = CLIENT.clientSecret) => {
    const reply = await fetch(`${url}/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${CLIENT.clientId}:${secret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
    });
    return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
  };
  const token = (await mint()).body['access_token'] as string;
  const call = async (method: string, path: string, body?: unknown, bearer = token) => {
    const reply = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    return { status: reply.status, body: text === '' ? undefined : JSON.parse(text) };
  };
  return { call, mint, clock, simulator: running, url };
}

const idsOf = (answer: { body: { resources: { incident_id: number }[] } }) =>
  answer.body.resources.map(({ incident_id }) => incident_id);

describe('tokens', () => {
  test('come by client credentials for the scopes asked for, and die in time', async () => {
    const { mint, call, clock } = await start();
    expect(await mint(SCOPES, 'wrong-secret')).toEqual({
      status: 401,
      body: {
        error: 'unauthorized',
        resolution: 'Please submit valid credentials.',
        error_description: 'Invalid credentials',
      },
    });
    expect(await mint('admin_api')).toMatchObject({ status: 400, body: { error: 'bad_request' } });
    const narrow = await mint('api_access');
    expect(narrow).toMatchObject({ status: 200, body: { expires_in: 7_140 } });
    expect(await call('GET', DELTA, undefined, narrow.body['access_token'] as string)).toMatchObject({
      status: 403,
    });
    clock.ms += 7_140_000;
    expect(await call('GET', DELTA)).toMatchObject({ status: 401 });
  });

  test('can be taken back', async () => {
    const { call, simulator } = await start();
    expect(await call('GET', '/incident/api/apps')).toMatchObject({ status: 200 });
    simulator.revokeTokens();
    expect(await call('GET', '/incident/api/apps')).toMatchObject({ status: 401 });
  });
});

describe('incidents', () => {
  test('come by the time of their last change; the next page starts at the last time again', async () => {
    const { call } = await start();
    const first = await call('GET', `${DELTA}?limit=20`);
    expect(idsOf(first)).toEqual(Array.from({ length: 20 }, (_, index) => 30 - index));
    expect(first.body.nextPath).toMatch(/^\/incident\/api\/incidents\/delta\?limit=20&from=/);
    const second = await call('GET', first.body.nextPath);
    expect(idsOf(second)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(second.body.nextPath).toContain('from=');
  });

  test('are filtered by state, severity, status and application, each a comma list', async () => {
    const { call } = await start();
    const closed = await call('GET', `${DELTA}?state=Closed&limit=50`);
    expect(idsOf(closed)).toEqual([30, 25, 20, 15, 10, 5]);
    expect(idsOf(await call('GET', `${DELTA}?severity=1,2&limit=10`)).map((id) => id % 5)).toEqual([
      0, 1, 0, 1, 0, 1, 0, 1, 0, 1,
    ]);
    const status = encodeURIComponent('closed-no reason');
    expect(idsOf(await call('GET', `${DELTA}?status=${status}`))).toEqual([30, 15]);
    const app = closed.body.resources[0].app_id;
    expect(new Set(idsOf(await call('GET', `${DELTA}?app_ids=${app}`)).map((id) => id % 3))).toEqual(
      new Set([0]),
    );
  });

  test.each([
    ['a limit that is no ten', 'limit=15'],
    ['a limit under 10', 'limit=0'],
    ['a limit over 1000', 'limit=1010'],
    ['a time without milliseconds', 'from=2026-01-02T03:04:05Z'],
    ['an unknown state', 'state=all'],
    ['a severity by name', 'severity=Low'],
    ['a severity twice', 'severity=1&severity=2'],
    ['an unknown parameter', 'page=2'],
  ])('refuse %s', async (_what, query) => {
    const { call } = await start();
    expect(await call('GET', `${DELTA}?${query}`)).toMatchObject({ status: 400 });
  });

  test('are closed with one of three categories, and closed again with another', async () => {
    const { call, simulator } = await start();
    const path = '/incident/api/incidents/4/state';
    expect(await call('GET', path)).toEqual({
      status: 200,
      body: { state: 'open', category: 'new', resolved_by: null, resolution_date: null },
    });
    const closed = {
      state: 'closed',
      category: 'business_justified',
      resolved_by: 'api',
      resolution_date: new Date(NOW).toISOString(),
    };
    expect(await call('POST', path, { state: 'closed', category: 'business_justified' })).toEqual({
      status: 200,
      body: closed,
    });
    expect(await call('GET', '/incident/api/incidents/4')).toMatchObject({
      body: { status: 'Closed-Business Justified', updated_at: new Date(NOW).toISOString() },
    });
    for (const body of [
      { state: 'open', category: 'no_reason' },
      { state: 'closed', category: 'new' },
    ]) {
      expect(await call('POST', path, body)).toMatchObject({ status: 400 });
    }
    expect(await call('POST', path, { state: 'closed', category: 'no_reason' })).toMatchObject({
      body: { category: 'no_reason' },
    });
    expect(simulator.state().stateWrites).toBe(2);
    expect(await call('GET', '/incident/api/incidents/99')).toMatchObject({ status: 404 });
  });

  test('change from the vendor’s side by the control path', async () => {
    const { call, url } = await start();
    const patch = (id: number) =>
      fetch(`${url}/__sim/incidents/${id}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ assigned_to: 'ada@example.com' }),
      });
    expect((await patch(3)).status).toBe(204);
    expect((await patch(99)).status).toBe(404);
    expect(await call('GET', '/incident/api/incidents/3')).toMatchObject({
      body: { assigned_to: 'ada@example.com', updated_at: new Date(NOW).toISOString() },
    });
  });
});

describe('remediation', () => {
  test('is accepted at once and done later', async () => {
    const { call, clock, simulator } = await start();
    const { asset_id } = simulator.state().incidents[0]!;
    const query = `${REMEDIATION}?asset_id=${asset_id}&remediation_type=system_quarantine`;
    expect(await call('GET', query)).toMatchObject({ status: 404 });
    expect(await call('POST', REMEDIATION, { asset_id, remediation_type: 'system_quarantine' })).toEqual({
      status: 202,
      body: undefined,
    });
    expect(await call('GET', query)).toMatchObject({ body: { status: 'pending', action_taker: 'api' } });
    clock.ms += 2_000;
    expect(await call('GET', query)).toMatchObject({
      body: { status: 'success', action_date: '2026-01-02T03:04:05.678+0000' },
    });
  });

  test('ends badly for assets that are said to fail', async () => {
    const { call, simulator } = await start({ remediationMs: 0 });
    const [first] = simulator.state().incidents;
    await simulator.close();
    const { call: next } = await start({ remediationMs: 0, failingAssets: [first!.asset_id] });
    expect(call).not.toBe(next);
    await next('POST', REMEDIATION, { asset_id: first!.asset_id, remediation_type: 'system_restore' });
    const query = `${REMEDIATION}?asset_id=${first!.asset_id}&remediation_type=system_restore`;
    expect(await next('GET', query)).toMatchObject({ body: { status: 'failed' } });
  });

  test('of public sharing is for some applications only', async () => {
    const { call, simulator } = await start();
    const [box, , tracker] = ['box', 'office365', 'jira'].map(
      (type) => simulator.state().incidents.find(({ app_type }) => app_type === type)!.asset_id,
    );
    const ask = (asset_id: string, more: object = {}) =>
      call('POST', REMEDIATION, { asset_id, remediation_type: 'remove_public_sharing', ...more });
    expect(await ask(box!, { remove_inherited_sharing: true })).toMatchObject({ status: 202 });
    expect(await ask(tracker!)).toMatchObject({ status: 400 });
    const wrong = {
      asset_id: box,
      remediation_type: 'system_quarantine',
      remove_inherited_sharing: true,
    };
    expect(await call('POST', REMEDIATION, wrong)).toMatchObject({ status: 400 });
    expect(simulator.state().remediations).toMatchObject([{ assetId: box, removeInheritedSharing: true }]);
  });
});
