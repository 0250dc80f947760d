import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { SaasSecuritySimulatorOptions } from '@drover/simulators';
import { until } from './built-drover.js';
import { packSaasSecurity, SaasSecurityLab } from './saas-security-lab.js';
import { describeGrounds } from './describe-grounds.js';
import { ONE_PROCESS } from './grounds.js';

const BOTH = ['--mirror', 'both', '--mirror-config', '{"fromAttributes":true}', '--close-mirrored'];

let bundle: Awaited<ReturnType<typeof packSaasSecurity>>;
let lab: SaasSecurityLab;

beforeAll(async () => {
  bundle = await packSaasSecurity();
}, 120_000);
afterAll(() => bundle.close());
afterEach(() => lab.close());

describeGrounds((ground) => {
  async function open(options: Partial<SaasSecuritySimulatorOptions> = {}, mirror = BOTH): Promise<void> {
    lab = await SaasSecurityLab.open(bundle.file, { ground, incidents: 12, ...options });
    await lab.createFeed({}, mirror);
  }

  function close(id: number, category: string) {
    const values = ['--attribute', 'state=closed', '--attribute', `category=${category}`];
    return lab.drover.json('objects', 'set', `incident/example/${id}`, ...values);
  }

  function atVendor(id: number) {
    return lab.tenant.state().incidents.find(({ incident_id: own }) => own === id)!;
  }

  const openOnes = () =>
    lab.tenant
      .state()
      .incidents.filter(({ state }) => state === 'open')
      .map(({ incident_id: id }) => id);

  describe('mirroring with SaaS Security', () => {
    it('closes here what is closed there, and there what is closed here', async () => {
      await open();
      await lab.pull();
      const [one, other] = openOnes() as [number, number];
      lab.tenant.changeIncident(one, {
        state: 'closed',
        status: 'Closed-No Reason',
        category: 'no_reason',
        resolved_by: 'ada@example.com',
      });
      await close(other, 'Misidentified');
      const pull = await lab.pull();
      expect(pull.mirror).toMatchObject({
        runs: [{ status: 'succeeded' }],
        figures: { wentOut: 1, cameIn: 1, refused: 0, conflicts: 0 },
      });
      expect(await lab.incident(one)).toMatchObject({
        status: 'closed',
        attributes: { state: 'closed', category: 'no_reason', resolved_by: 'ada@example.com' },
      });
      expect(atVendor(other)).toMatchObject({ state: 'closed', category: 'misidentified' });
      for (let cycle = 0; cycle < 3; cycle += 1) expect((await lab.pull()).mirror.runs).toEqual([]);
      expect(lab.tenant.state().stateWrites).toBe(1);
      const shown = (await lab.drover.run(['feed', 'show', 'incidents'])).stdout;
      expect(shown).toMatch(/mirror +both, closes what the vendor closes/);
      expect((await lab.drover.run(['feed', 'list'])).stdout).toMatch(/ both /);
    }, 120_000);

    it('tells why the vendor does not take a change, and does not ask again before it is another one', async () => {
      await open();
      await lab.pull();
      const [id] = openOnes() as [number];
      await close(id, 'In the cloud');
      const first = await lab.drover.run(['feed', 'mirror', 'incidents', '--json']);
      expect([first.exitCode, first.json.figures]).toMatchObject([2, { refused: 1, wentOut: 0 }]);
      const { offers } = await lab.drover.json('feed', 'mirrors', 'incidents');
      expect(offers).toMatchObject([
        {
          status: 'refused',
          offered: { state: 'closed', category: 'In the cloud' },
          object: { value: `example/${id}` },
        },
      ]);
      expect(offers[0].message).toMatch(/Misidentified|misidentified/);
      expect((await lab.drover.run(['feed', 'mirrors', 'incidents'])).stdout).toContain(offers[0].code);
      const still = await lab.drover.run(['feed', 'mirror', 'incidents', '--json']);
      expect([still.exitCode, still.json.runs]).toEqual([2, []]);
      await close(id, 'Business Justified');
      const again = await lab.drover.run(['feed', 'mirror', 'incidents', '--json']);
      expect([again.exitCode, again.json.figures]).toMatchObject([0, { refused: 0, wentOut: 1 }]);
      expect(atVendor(id)).toMatchObject({ state: 'closed', category: 'business_justified' });
    }, 120_000);

    it('records who won when both sides changed an incident', async () => {
      await open();
      await lab.pull();
      const [id] = openOnes() as [number];
      await close(id, 'misidentified');
      lab.tenant.changeIncident(id, { state: 'closed', status: 'Closed-No Reason', category: 'no_reason' });
      await lab.pull();
      const { conflicts } = await lab.drover.json('feed', 'mirrors', 'incidents');
      expect(conflicts).toMatchObject([{ field: 'category', winner: 'vendor', local: { source: 'manual' } }]);
      expect(lab.tenant.state().stateWrites).toBe(0);
    }, 120_000);

    if (ground === ONE_PROCESS) {
      it('refuses what it cannot mirror, and maps what it is told to', async () => {
        await open({}, ['--map', 'severity=Vendor Severity', '--map', 'tenant=']);
        const wrong = await lab.drover.run([
          'feed',
          'set',
          'incidents',
          '--mirror',
          'out',
          '--mirror-config',
          '{}',
        ]);
        expect([wrong.exitCode, wrong.stderr]).toEqual([78, expect.stringContaining('category')]);
        const unknown = await lab.drover.run(['feed', 'set', 'incidents', '--map', 'nothing=x']);
        expect([unknown.exitCode, unknown.stderr]).toEqual([1, expect.stringContaining('"nothing"')]);
        const twice = await lab.drover.run(['feed', 'set', 'incidents', '--map', 'severity=state']);
        expect([twice.exitCode, twice.stderr]).toEqual([
          1,
          expect.stringContaining('"severity" and "state"'),
        ]);
        await lab.pull();
        const { attributes } = await lab.incident(1);
        expect(Object.keys(attributes)).toEqual(expect.arrayContaining(['Vendor Severity']));
        expect(attributes).not.toHaveProperty('tenant');
        expect(attributes).not.toHaveProperty('severity');
        const set = await lab.drover.json('feed', 'set', 'incidents', '--mirror', 'in');
        expect(set).toMatchObject({
          mirror: { direction: 'in', map: { tenant: null } },
          mirrored: { objects: { none: 12 } },
        });
        lab.tenant.changeIncident(1, { state: 'closed', category: 'no_reason' });
        expect((await lab.pull()).counts).toMatchObject({ updated: 0 });
      }, 120_000);
    }

    it('loses and doubles nothing when the serving process is killed while it sends', async () => {
      await open({ incidents: 90, latencyMs: 40 });
      await lab.pull();
      const ids = openOnes().slice(0, 40);
      expect(ids.length).toBe(40);
      for (const id of ids) await close(id, 'no_reason');
      for (const written of [5, 18]) {
        const doomed = lab.built.start(['serve']);
        const writes = () => lab.tenant.state().stateWrites;
        await until(() => writes() >= written, { what: `${written} writes`, withinMs: 60_000 });
        await doomed.killed();
      }
      const last = lab.built.start(['serve']);
      const figures = async () => (await lab.drover.json('feed', 'show', 'incidents')).mirrored;
      await until(async () => (await figures()).wentOut === 40, { what: 'the end', withinMs: 60_000 });
      last.interrupt();
      await last.ended;
      expect(await figures()).toMatchObject({ wentOut: 40, sending: 0, refused: 0, failed: 0, unknown: 0 });
      for (const id of ids) expect(atVendor(id)).toMatchObject({ state: 'closed', category: 'no_reason' });
      expect(lab.tenant.state().stateWrites).toBe(40);
      expect((await lab.pull()).mirror.runs).toEqual([]);
    }, 180_000);
  });
});
