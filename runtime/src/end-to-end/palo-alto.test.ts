import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { SaasSecuritySimulatorOptions } from '@drover/simulators';
import { isAlive, until } from './built-drover.js';
import { openTasks, readBooks } from './run-books.js';
import { packSaasSecurity, SaasSecurityLab } from './saas-security-lab.js';
import { describeGrounds } from './describe-grounds.js';
import { ONE_PROCESS } from './grounds.js';

let bundle: Awaited<ReturnType<typeof packSaasSecurity>>;
let lab: SaasSecurityLab;

beforeAll(async () => {
  bundle = await packSaasSecurity();
}, 120_000);
afterAll(() => bundle.close());
afterEach(() => lab.close());

describeGrounds((ground) => {
  const open = async (options: Partial<SaasSecuritySimulatorOptions> = {}) =>
    (lab = await SaasSecurityLab.open(bundle.file, { ground, incidents: 45, ...options }));
  const incidents = () => lab.drover.count(`objects where type = 'incident'`);

  if (ground === ONE_PROCESS) {
    describe('the connection', () => {
      it('is tested step by step', async () => {
        await open();
        const { exitCode, stdout } = await lab.drover.run(['connection', 'test', 'saas']);
        expect(exitCode).toBe(0);
        for (const step of [
          'api_access, incident_api and remediation_api',
          'read incidents',
          'read remediations',
        ]) {
          expect(stdout).toContain(step);
        }
      }, 60_000);
    });
  }

  describe('the feed', () => {
    it('brings all incidents; again, nothing is new; later, what changed', async () => {
      await open();
      const rules = [{ field: 'severity', equals: 'critical', incidentType: 'Urgent' }];
      await lab.createFeed({ classifier: rules });
      expect(await lab.pull()).toMatchObject({
        status: 'succeeded',
        counts: { created: 45, updated: 0, unchanged: 0, rejected: 0 },
      });
      expect(await incidents()).toBe(45);
      expect((await lab.pull()).counts).toMatchObject({ created: 0, updated: 0 });

      lab.tenant.changeIncident(30, {
        state: 'closed',
        status: 'Closed-No Reason',
        category: 'no_reason',
        resolved_by: 'ada@example.com',
      });
      lab.tenant.addIncident(46, { updated_at: new Date().toISOString(), severity: 'Critical' });
      expect((await lab.pull()).counts).toMatchObject({ created: 1, updated: 1 });
      expect(await lab.incident(30)).toMatchObject({
        status: 'closed',
        attributes: { incident_id: 30, category: 'no_reason', resolved_by: 'ada@example.com' },
      });
      expect((await lab.incident(46)).attributes['incident_type']).toBe('Urgent');
      expect((await lab.incident(44)).attributes['incident_type']).toBe('Urgent');
      expect((await lab.incident(45)).attributes['incident_type']).toBe('SaaS Security Incident');
    }, 120_000);

    it('loses and doubles nothing when incidents change while it reads, and when it is killed', async () => {
      await open({ incidents: 400, latencyMs: 60 });
      await lab.createFeed();
      const { drover } = lab;
      const pages = async () =>
        Number((await drover.ask('select sum(pages) as n from pulls'))[0]?.['n'] ?? 0);
      for (const [round, kept] of [5, 15].entries()) {
        const doomed = lab.built.start(['feed', 'run', 'incidents']);
        await until(async () => (await pages()) >= kept, { what: `${kept} pages`, withinMs: 60_000 });
        lab.tenant.changeIncident(399 - round, { assigned_to: 'ada@example.com' });
        lab.tenant.changeIncident(2 + round, { assigned_to: 'ada@example.com' });
        lab.tenant.addIncident(401 + round, { updated_at: new Date().toISOString() });
        await doomed.killed();
      }
      expect(await lab.pull()).toMatchObject({ status: 'succeeded', counts: { created: 402 } });
      expect(await incidents()).toBe(402);
      const assigned = `attributes where name = 'assigned_to' and text_value = 'ada@example.com'`;
      expect(await drover.count(assigned)).toBe(4);
    }, 180_000);

    if (ground === ONE_PROCESS) {
      it('refuses a page size that the API does not take, and says so when the cursor is stuck', async () => {
        await open();
        const updated_at = new Date(Date.now() - 3_600_000).toISOString();
        for (let id = 1; id <= 12; id += 1) lab.tenant.changeIncident(id, { updated_at });
        await lab.createFeed();
        const stuck = await lab.drover.run(['feed', 'run', 'incidents', '--json']);
        expect([stuck.exitCode, stuck.json.fault.code]).toEqual([3, 'CURSOR_STUCK']);
        const odd = ['feed', 'create', 'odd', '--plugin', 'palo-alto-saas-security.fetch-incidents'];
        const refused = await lab.drover.run([
          ...odd,
          '--connection',
          'saas',
          '--every',
          '1h',
          '--set',
          'pageSize=105',
        ]);
        expect([refused.exitCode, refused.stderr]).toEqual([
          78,
          expect.stringContaining('must be a multiple of 10'),
        ]);
      }, 60_000);
    }
  });

  describe('the commands', () => {
    if (ground === ONE_PROCESS) {
      it('print tables for people and documents for programs', async () => {
        await open();
        const page = await lab.command('incidents-get', { limit: 20, state: 'All' }, '--json');
        expect([page.exitCode, page.json.Incident.length]).toEqual([0, 20]);
        const next = await lab.command('incidents-get', { next_page: page.json.NextResultsPage });
        expect(next.stdout).toMatch(/Incident Id +App Id +App Name +Asset Id +Asset Name +Exposure Level/);
        expect(next.stdout).toContain('Next Results Page  /incident/api/incidents/delta?limit=20');

        const one = await lab.command('incident-get-by-id', { id: '4' });
        expect(one.stdout.trimEnd().split('\n')).toHaveLength(2);
        expect(one.stdout).toMatch(/^Incident Id .*\n +4 /);
        const apps = await lab.command('get-apps', {});
        expect(apps.stdout).toMatch(/App Id +App Name +App Type/);
        expect(apps.stdout).toContain('Office 365 1');
        const odd = await lab.command('incidents-get', { limit: 25 });
        expect([odd.exitCode, odd.stderr]).toEqual([1, expect.stringContaining('/limit')]);
      }, 60_000);
    }

    it('close an incident only with a word for it', async () => {
      await open();
      const input = { id: '4', category: 'Business Justified' };
      const asked = await lab.command('incident-state-update', input);
      expect([asked.exitCode, asked.stderr]).toEqual([4, expect.stringContaining('CONFIRMATION_NEEDED')]);
      expect(lab.tenant.state().stateWrites).toBe(0);
      const done = await lab.command('incident-state-update', input, '--yes', '--json');
      expect(done.json).toMatchObject({
        IncidentState: {
          incident_id: '4',
          state: 'closed',
          category: 'business_justified',
          resolved_by: 'api',
        },
      });
    }, 60_000);

    it('remediate an asset, and tell how it stands', async () => {
      await open({ remediationMs: 0 });
      const { asset_id } = lab.tenant.state().incidents[0]!;
      const input = { asset_id, remediation_type: 'Quarantine' };
      const asked = await lab.command('asset-remediate', input);
      expect(asked.stdout).toMatch(/Asset Id +Remediation Type +Status\n\S+ +system_quarantine +pending/);
      const stands = await lab.command('remediation-status-get', input, '--json');
      expect(stands.json).toMatchObject({
        Remediation: { asset_id, action_taker: 'api', status: 'success' },
      });
    }, 60_000);
  });

  describe('closing a collection', () => {
    it('is planned, applied, and not repeated', async () => {
      await open();
      await lab.createFeed({ state: 'Open' });
      await lab.pull();
      const count = await incidents();
      const close = SaasSecurityLab.action('close-incidents', '--set', 'category=No Reason');
      const planned = await lab.drover.run([...close, '--plan']);
      expect(planned.exitCode).toBe(0);
      expect(planned.stdout).toMatch(new RegExp(`POST closeIncident +destructive +${count} `));
      expect(planned.stdout).toContain('no way to open it again');
      expect(lab.tenant.state().stateWrites).toBe(0);

      const [, planId] = /drover run apply (run_\S+)/.exec(planned.stdout)!;
      const applied = await lab.drover.run(['run', 'apply', planId!, '--json']);
      expect(applied.json).toMatchObject({ status: 'succeeded', summary: { counts: { succeeded: count } } });
      expect(lab.tenant.state().stateWrites).toBe(count);
      expect(await lab.incident(1)).toMatchObject({
        status: 'closed',
        attributes: {
          state: 'closed',
          category: 'no_reason',
          status: 'Closed-No Reason',
          resolved_by: 'api',
        },
      });
      const again = await lab.drover.json(...close, '--restart');
      expect(again.summary.counts).toMatchObject({ unchanged: count });
      expect(lab.tenant.state().stateWrites).toBe(count);
    }, 120_000);

    it('follows what a person set, and says why it cannot open one again', async () => {
      await open();
      await lab.createFeed();
      await lab.pull();
      const { data } = await lab.drover.json(
        'objects',
        'list',
        '--collection',
        'incidents',
        '--limit',
        '100',
      );
      const idOf = (id: number) => data.find(({ value }: { value: string }) => value === `example/${id}`).id;
      const set = (id: number, ...more: string[]) => lab.drover.json('objects', 'set', idOf(id), ...more);
      await set(1, '--attribute', 'state=closed', '--attribute', 'category=Misidentified');
      await set(2, '--attribute', 'state=closed', '--attribute', 'category=dismiss');
      await set(5, '--attribute', 'state=open');
      const run = SaasSecurityLab.action('close-incidents', '--set', 'fromAttributes=true', '--json');
      const { json } = await lab.drover.run(run);
      expect(json.summary.counts).toMatchObject({ succeeded: 1, rejected: 2, unchanged: 42 });
      const { outcomes } = await readBooks(lab.drover, 'incidents');
      const told = Object.fromEntries(outcomes.map(({ value, code }) => [value, code]));
      expect(told).toMatchObject({
        'example/2': 'CATEGORY_NOT_WRITABLE',
        'example/5': 'REOPENING_NOT_POSSIBLE',
        'example/3': 'INCIDENT_OPEN',
      });
      expect(lab.tenant.state().incidents[0]).toMatchObject({ state: 'closed', category: 'misidentified' });
      expect(lab.tenant.state().stateWrites).toBe(1);
    }, 120_000);
  });

  describe('remediating a collection', () => {
    const argv = (...more: string[]) => {
      const set = ['--set', 'remediation=Quarantine', '--set', 'pollSeconds=1'];
      return SaasSecurityLab.action('remediate-assets', ...set, ...more);
    };

    it('parks until the vendor has done it, and says what failed', async () => {
      const failing = [(await open()).tenant.state().incidents[2]!.asset_id];
      await lab.close();
      await open({ incidents: 12, remediationMs: 1_500, failingAssets: failing });
      await lab.createFeed();
      await lab.pull();
      const { exitCode, json } = await lab.drover.run(argv('--json'));
      expect([exitCode, json.status]).toEqual([2, 'partial']);
      expect(json.summary.counts).toMatchObject({ succeeded: 11, failed: 1 });
      const { outcomes } = await readBooks(lab.drover, 'incidents');
      expect(outcomes.find(({ value }) => value === 'example/3')!.code).toBe('REMEDIATION_FAILED');
      expect((await lab.incident(1)).attributes).toMatchObject({
        remediation_type: 'system_quarantine',
        remediation_status: 'success',
      });
    }, 120_000);

    it('settles over a kill, with one request for each asset', async () => {
      await open({ incidents: 12, remediationMs: 3_600_000 });
      await lab.createFeed();
      await lab.pull();
      const doomed = lab.built.start(argv());
      const parked = async () => (await lab.drover.json('run', 'list')).data[0]?.pending?.objects === 12;
      await until(parked, { what: 'twelve pending objects' });
      const plugins = doomed.children;
      await doomed.killed();
      await until(() => !plugins.some(isAlive), { what: 'the end of the plugin processes' });
      const [{ id }] = (await lab.drover.json('run', 'list')).data;
      lab.tenant.finishRemediations();
      const resumed = await lab.built.run(['run', 'resume', id, '--json']);
      expect(resumed).toMatchObject({
        exitCode: 0,
        json: { status: 'succeeded', summary: { counts: { succeeded: 12 }, remaining: 0 } },
      });
      expect(lab.tenant.state().remediations.map(({ requests }) => requests)).toEqual(Array(12).fill(1));
      expect(await openTasks(lab.drover)).toBe(0);
    }, 120_000);
  });
});
