import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { OktaUserSeed } from '@drover/simulators';
import { until } from './built-drover.js';
import type { CommandLine } from './command-line.js';
import { OktaLab, packOkta } from './okta-lab.js';
import { openTasks, readBooks } from './run-books.js';
import { describeGrounds } from './describe-grounds.js';
import { ONE_PROCESS } from './grounds.js';

const RUN = ['action', 'run', 'okta.take-action', '--collection', 'users', '--connection', 'lab'];
const SUSPEND = ['--set', 'action=suspend'];
const LOGINS = Array.from({ length: 250 }, (_, n) => `user${n}@example.com`);
const MIXED: OktaUserSeed[] = [
  { login: 'active@example.com' },
  { login: 'suspended@example.com', status: 'SUSPENDED' },
  { login: 'locked@example.com', status: 'LOCKED_OUT' },
  { login: 'corp/slash' },
];

let bundle: Awaited<ReturnType<typeof packOkta>>;
let lab: OktaLab;
let drover: CommandLine;

beforeAll(async () => {
  bundle = await packOkta();
}, 60_000);
afterAll(() => bundle.close());
describeGrounds((ground) => {
  beforeEach(async () => {
    lab = await OktaLab.open(bundle.file, {
      ground,
      users: [...MIXED, ...LOGINS.map((login) => ({ login }))],
    });
    ({ drover } = lab);
  });
  afterEach(() => lab.close());

  async function attributeOf(value: string): Promise<unknown> {
    const { data } = await drover.json('objects', 'list', '--collection', 'users', '--limit', '1000');
    const { id } = (data as { id: string; value: string }[]).find((object) => object.value === value)!;
    const { attributes } = await drover.json('objects', 'show', id);
    return (attributes as { name: string; value: unknown }[]).find(({ name }) => name === 'Okta Status')
      ?.value;
  }

  describe('okta.take-action', () => {
    if (ground === ONE_PROCESS) {
      it('says step by step that the connection works', async () => {
        const { exitCode, stdout } = await drover.run(['connection', 'test', 'lab']);
        expect(exitCode).toBe(0);
        expect(stdout).toContain('It belongs to api.owner@example.com.');
      });
    }

    it('suspends a mixed collection, with a reason for each that was not, and keeps the status', async () => {
      await lab.importUsers([...MIXED.map(({ login }) => login), 'nobody@example.com']);
      const { exitCode, json } = await drover.run([...RUN, ...SUSPEND, '--json']);
      expect(exitCode).toBe(2);
      expect(json.summary.counts).toMatchObject({ succeeded: 2, unchanged: 1, rejected: 2 });
      const { outcomes } = await readBooks(drover, 'users');
      const told = Object.fromEntries(outcomes.map(({ value, status, code }) => [value, code ?? status]));
      expect(told).toEqual({
        'active@example.com': 'succeeded',
        'corp/slash': 'succeeded',
        'suspended@example.com': 'USER_STATUS_REACHED',
        'locked@example.com': 'USER_STATUS_UNFIT',
        'nobody@example.com': 'USER_NOT_FOUND',
      });
      expect(outcomes.find(({ value }) => value === 'locked@example.com')!.message).toContain('LOCKED_OUT');
      expect(await attributeOf('active@example.com')).toBe('SUSPENDED');
      expect(await attributeOf('suspended@example.com')).toBe('SUSPENDED');
      expect(await attributeOf('locked@example.com')).toBeUndefined();
      expect(lab.org.state().byStatus).toMatchObject({ SUSPENDED: 3, LOCKED_OUT: 1 });
    });

    it('does not deactivate without being told that it is meant', async () => {
      await lab.importUsers(LOGINS.slice(0, 3));
      const refused = await drover.run([...RUN, '--set', 'action=deactivate']);
      expect(refused).toMatchObject({ exitCode: 78, stderr: expect.stringContaining('/confirmDeactivate') });
      expect(refused.stderr).toContain('set confirmDeactivate to true');
      expect(lab.org.requests().total).toBe(0);

      const meant = [...RUN, '--set', 'action=deactivate', '--set', 'confirmDeactivate=true'];
      const planned = await drover.run([...meant, '--plan']);
      expect(planned.exitCode).toBe(0);
      expect(planned.stdout).toMatch(/execute +POST deactivateUser +destructive +3 +3/);
      expect(planned.stdout).toContain('! deactivateUser: Okta takes the user out of all applications');
      expect(lab.org.state().byStatus['DEPROVISIONED']).toBeUndefined();
      const [, planId] = /drover run apply (run_\S+)/.exec(planned.stdout)!;
      const applied = await drover.run(['run', 'apply', planId!, '--json']);
      expect(applied.json).toMatchObject({ status: 'succeeded', summary: { counts: { succeeded: 3 } } });
      expect(lab.org.state().byStatus['DEPROVISIONED']).toBe(3);
      expect(await attributeOf(LOGINS[0]!)).toBe('DEPROVISIONED');
    });

    it('stops at a 401 with no more calls than were under way, and a later run goes on', async () => {
      await lab.importUsers(LOGINS);
      const match = { method: 'POST' };
      lab.org.order({ match, nth: 31, times: 1_000, effect: { kind: 'status', status: 401 } });
      const { exitCode, json } = await drover.run([...RUN, ...SUSPEND, '--json']);
      expect([exitCode, json.fault.code]).toEqual([3, 'CREDENTIALS_REFUSED']);
      const { succeeded, failed, deferred } = json.summary.counts;
      expect([succeeded, succeeded + failed + deferred]).toEqual([30, 250]);
      expect(deferred).toBeGreaterThanOrEqual(190);
      const calls = lab.org.requests().byRoute['POST /api/v1/users/:userId/lifecycle/suspend']!.requests;
      // Batches of a run share what may be in flight: no more than that met the 401.
      expect(calls).toBeLessThanOrEqual(30 + 10);
      await fetch(`${lab.orgUrl}/__sim/faults`, { method: 'DELETE' });
      const again = await drover.run([...RUN, ...SUSPEND, '--json']);
      expect(again).toMatchObject({ exitCode: 0, json: { summary: { counts: { succeeded: deferred } } } });
      if (failed > 0) expect((await drover.run(['run', 'retry', json.id])).exitCode).toBe(0);
      expect(lab.org.state().users.filter(({ changes }) => changes === 1)).toHaveLength(250);
    });

    it('a rate limit is waited out', async () => {
      await lab.importUsers(LOGINS.slice(0, 60));
      const effect = { kind: 'rateLimit', dialect: 'okta', waitSeconds: 1 } as const;
      lab.org.order({ match: { method: 'POST' }, nth: 20, effect });
      const { exitCode, json } = await drover.run([...RUN, ...SUSPEND, '--json']);
      expect([exitCode, json.summary.counts.succeeded]).toEqual([0, 60]);
      expect(json.summary.waitedMs).toBeGreaterThan(1_000);
    });

    it.each(['request', 'answer'] as const)(
      'a run that is killed at a %s goes on, and nobody is suspended twice',
      async (at) => {
        await lab.importUsers(LOGINS);
        const held = lab.gate.hold({ method: 'POST', path: /suspend/, nth: 120, at });
        const doomed = lab.built.start([...RUN, ...SUSPEND]);
        await held.reached;
        await doomed.killed();
        await until(() => lab.org.requests().inFlight === 0, { what: 'the calls under way' });
        const [{ id }] = (await drover.json('run', 'list')).data;
        const resumed = await lab.built.run(['run', 'resume', id, '--json']);
        expect(resumed).toMatchObject({
          exitCode: 0,
          json: { status: 'succeeded', summary: { remaining: 0 } },
        });
        const { outcomes, offered } = await readBooks(drover, 'users');
        expect([outcomes.length, offered]).toEqual([LOGINS.length, LOGINS.length]);
        expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['succeeded', 'unchanged']));
        const users = lab.org.state().users.filter(({ login }) => LOGINS.includes(login));
        expect(users.every(({ status, changes }) => status === 'SUSPENDED' && changes === 1)).toBe(true);
        expect(await openTasks(drover)).toBe(0);
      },
    );
  });
});
