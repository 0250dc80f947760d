import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createHarness, pluginObjects, type PluginHarness, vendorMock } from '@drover/testing';
import action from './index.js';

const LANTERN = 'https://api.lantern.example';
const HOSTS = '/v1/watchlists/w1/hosts';
const manifest = JSON.parse(readFileSync(new URL('../plugin.json', import.meta.url), 'utf8'));
const objects = pluginObjects(['a.example', 'b.example', 'c.example'], { subtype: 'FQDN' });

describe('watch hosts', () => {
  const lantern = vendorMock(LANTERN);
  let harness: PluginHarness;

  function start(): PluginHarness {
    harness = createHarness({
      definition: action,
      manifest,
      connection: { settings: { baseUrl: LANTERN }, secrets: { apiToken: 'a-token-of-lantern' } },
      config: { watchlistName: 'Suspicious', note: 'From Drover' },
    });
    return harness;
  }
  afterEach(() => harness.close());

  it('answers for every host as Lantern did, and keeps the case', async () => {
    lantern.get('/v1/watchlists', { status: 200, body: [{ id: 'w1', name: 'Suspicious' }] });
    lantern.post(HOSTS, {
      status: 200,
      body: {
        cases: [{ host: 'a.example', number: 'L-1' }],
        refused: [{ host: 'b.example', reason: 'Lantern does not watch this host.' }],
      },
    });
    const { outcomes, breaches } = await start().run(objects);
    expect(breaches).toEqual([]);
    expect(outcomes).toMatchObject([
      { status: 'succeeded', writeBack: { attributes: [{ name: 'Lantern Case', value: 'L-1' }] } },
      { status: 'rejected', code: 'HOST_REFUSED' },
      { status: 'failed', code: 'HOST_NOT_ANSWERED' },
    ]);
    expect(lantern.requests[1]).toMatchObject({
      headers: { authorization: 'Bearer a-token-of-lantern' },
      body: { note: 'From Drover', hosts: ['a.example', 'b.example', 'c.example'] },
    });
  });

  it('sends nothing when there is no such watchlist', async () => {
    lantern.get('/v1/watchlists', { status: 200, body: [{ id: 'w2', name: 'Suspicious, old' }] });
    const { fault, figures } = await start().run(objects);
    expect(fault).toMatchObject({ code: 'CONFIG_INVALID', path: '/watchlistName' });
    expect(figures.vendorWrites).toBe(0);
  });

  it('leaves what Lantern’s statuses say to the host', async () => {
    lantern.post(HOSTS, { status: 401, body: { message: 'token expired' } });
    const { outcomes, fault } = await start().execute(objects, { prepared: { watchlistId: 'w1' } });
    expect(outcomes).toEqual([]);
    expect(fault).toMatchObject({ code: 'CREDENTIALS_REFUSED' });
  });

  it('tests a connection without writing', async () => {
    lantern.get('/v1/watchlists', { status: 200, body: [] });
    const { value } = await start().testConnection();
    expect(value).toEqual([{ step: 'read the watchlists', ok: true, detail: 'There are 0.' }]);
  });
});
