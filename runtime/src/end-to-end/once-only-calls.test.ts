import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CommandLine } from './command-line.js';
import { describeGrounds } from './describe-grounds.js';
import { NetskopeLab, packNetskope } from './netskope-lab.js';

const IMPACTS = '/api/v2/incidents/user/uciimpact';
const RUN = ['action', 'run', 'netskope.create-user-confidence-index-impact'];
const OVER_USERS = ['--collection', 'users', '--connection', 'lab'];

let bundle: Awaited<ReturnType<typeof packNetskope>>;
let lab: NetskopeLab;
let drover: CommandLine;

beforeAll(async () => {
  bundle = await packNetskope();
}, 60_000);
afterAll(() => bundle.close());
describeGrounds((ground) => {
  beforeEach(async () => {
    lab = await NetskopeLab.open(bundle.file, { ground });
    ({ drover } = lab);
    await lab.connect();
  });
  afterEach(() => lab.close());

  async function orderFault(effect: object): Promise<void> {
    const body = JSON.stringify({ match: { method: 'POST', path: IMPACTS }, effect, times: 1 });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${lab.simulator.url}/__sim/faults`, { method: 'POST', headers, body });
    expect(answer.status).toBeLessThan(300);
  }

  describe('an impact without an answer', () => {
    it('is unknown until a person says what became of it, and then sent or left', async () => {
      const file = join(drover.folder, 'users.txt');
      await writeFile(file, 'ada@example.com\n');
      await drover.json('objects', 'import', file, '--collection', 'users', '--type', 'identity');
      await orderFault({ kind: 'status', status: 500 });

      const run = await drover.run([...RUN, ...OVER_USERS, '--json']);
      expect(run).toMatchObject({
        exitCode: 2,
        json: { status: 'partial', summary: { counts: { unknown: 1 } } },
      });
      const { id } = run.json;
      const shown = await drover.run(['run', 'show', id]);
      expect(shown.stdout).toMatch(
        /ada@example\.com +createImpact +\S+Z +none|ada@example\.com +createImpact +\S+Z +500/,
      );
      expect(shown.stdout).toContain(`drover run resolve ${id} OBJECT --as sent|not-sent`);
      expect((await drover.run(['run', 'retry', id])).stderr).toContain('NOTHING_TO_RETRY');

      expect((await drover.run(['run', 'resolve', id, '--as', 'sent'])).exitCode).toBe(1);
      const resolved = await drover.run(['run', 'resolve', id, 'ada@example.com', '--as', 'not-sent']);
      expect(resolved.stdout).toContain(`1 object of run ${id} is now failed; the run is failed.`);
      expect(await drover.run(['run', 'retry', id, '--json'])).toMatchObject({
        exitCode: 0,
        json: { summary: { counts: { succeeded: 1 } } },
      });
      expect((await drover.run(['run', 'resolve', id, '--all', '--as', 'sent'])).stderr).toContain(
        'NOT_UNKNOWN',
      );
    });
  });
});
