import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BuiltDrover, until } from './built-drover.js';
import { COMMAND, CommandLab } from './command-lab.js';
import { describeGrounds } from './describe-grounds.js';
import { ONE_PROCESS } from './grounds.js';

let lab: CommandLab;
describeGrounds((ground) => {
  beforeEach(async () => {
    lab = await CommandLab.open(ground);
  }, 60_000);
  afterEach(() => lab.close());

  const { argv } = CommandLab;

  describe('a command', () => {
    if (ground === ONE_PROCESS) {
      it('prints its output as a table, and as the last line with --json', async () => {
        const shown = await lab.drover.run(argv({ item_ids: ['a', 'none', 'b'] }));
        expect(shown).toMatchObject({
          exitCode: 0,
          stdout: 'Item Id  State\na        open\nb        open\n',
        });
        expect(lab.requests).toEqual(['GET /items', 'GET /items']);
        const file = join(lab.drover.folder, 'input.json');
        await writeFile(file, '{"item_ids": ["a"]}');
        const from = ['command', 'run', '1', '--connection', 'lab', '--input-file', file];
        expect(await lab.drover.json(...from)).toEqual({
          items: [{ item_id: 'a', state: 'open', assigned_to: null }],
        });
        expect((await lab.drover.run(['command', 'show', COMMAND])).stdout).toContain('item_ids');
        expect(await lab.drover.json('command', 'list')).toMatchObject([{ pluginId: COMMAND }]);
      });
    }

    if (ground === ONE_PROCESS) {
      it('is refused with every problem of its input at once, and nothing is sent or recorded', async () => {
        const refused = await lab.drover.run(argv({ item_ids: ['', 7], step: 'clse', more: 1 }, '--json'));
        expect(refused.exitCode).toBe(1);
        const { error } = JSON.parse(refused.stderr.trimEnd().split('\n').at(-1)!);
        expect(error.code).toBe('INPUT_INVALID');
        const paths = error.problems.map(({ path }: { path: string }) => path);
        expect(paths).toEqual(['/item_ids/0', '/item_ids/1', '/more', '/step']);
        expect(lab.requests).toEqual([]);
        expect(await lab.history()).toEqual([]);
        for (const text of ['[1]', '{', '"x"']) {
          const broken = await lab.drover.run([
            'command',
            'run',
            '1',
            '--connection',
            'lab',
            '--input',
            text,
          ]);
          expect([text, broken.exitCode]).toEqual([text, 1]);
        }
      });
    }

    it('fails naming the place when its output does not fit', async () => {
      const garbled = await lab.drover.run(argv({ item_ids: ['a'], step: 'garble' }));
      expect(garbled).toMatchObject({ exitCode: 3, stdout: '' });
      expect(garbled.stderr).toMatch(/VENDOR_CONTRACT: .*\/items\/0\/item_id.* must be of type string/s);
      expect(await lab.history()).toMatchObject([{ status: 'failed', fault: { code: 'VENDOR_CONTRACT' } }]);
    });

    it('shows the first write of a plan and sends none', async () => {
      const plan = await lab.drover.json(...argv({ item_ids: ['a/b'], step: 'close' }, '--plan'));
      expect(plan.planned).toMatchObject({
        call: 'closeItem',
        path: '/items/a%2Fb/close',
        body: { value: { state: 'closed' } },
      });
      expect(lab.requests).toEqual([]);
      expect(await lab.history()).toMatchObject([{ status: 'succeeded', mode: 'plan', vendorWrites: 0 }]);
    });

    it('sends a destructive request only when that was said', async () => {
      const remove = argv({ item_ids: ['a'], step: 'remove' });
      const refused = await lab.drover.run(remove);
      expect(refused.exitCode).toBe(4);
      expect(refused.stderr).toContain('The item is gone for everybody.');
      expect(lab.vendor.state().removed).toEqual([]);
      expect((await lab.drover.run([...remove, '--yes'])).exitCode).toBe(0);
      expect(lab.vendor.state().removed).toEqual(['a']);
    });

    it('is unknown after a once-only call without an answer, which is not repeated', async () => {
      lab.vendor.order({ match: { method: 'POST' }, when: 'after', effect: { kind: 'drop' } });
      const cut = await lab.drover.run(argv({ item_ids: ['a'], step: 'close' }));
      expect(cut.exitCode).toBe(3);
      expect(cut.stderr).toContain('VENDOR_NO_ANSWER');
      expect(lab.vendor.state().closed).toEqual(['a']);
      expect(await lab.history()).toMatchObject([
        { status: 'unknown', sentCall: 'closeItem', fault: { code: 'VENDOR_NO_ANSWER' } },
      ]);
    });

    it('stops on an interrupt', async () => {
      lab.vendor.order({ match: { method: 'GET' }, effect: { kind: 'delay', delayMs: 20_000 } });
      const stopped = await lab.drover.run(argv({ item_ids: ['a'] }), {
        onInterruptible: (interrupt) =>
          void until(() => lab.requests.length > 0, { what: 'the request' }).then(interrupt),
      });
      expect(stopped.exitCode).toBe(3);
      expect(stopped.stderr).toContain('CANCELLED');
      expect(await lab.history()).toMatchObject([{ status: 'failed', fault: { code: 'CANCELLED' } }]);
    });
  });

  describe('a command whose process is killed', () => {
    async function killedDuring(request: string, input: object): Promise<void> {
      const built = BuiltDrover.beside(lab.drover);
      const doomed = built.start(argv(input));
      await until(() => lab.requests.includes(request), { what: request });
      expect(await lab.history()).toMatchObject([{ status: 'running' }]);
      await doomed.killed();
      await built.close();
    }

    it('has failed when nothing that writes had left', async () => {
      lab.vendor.order({ match: { method: 'GET' }, effect: { kind: 'delay', delayMs: 20_000 } });
      await killedDuring('GET /items', { item_ids: ['a'] });
      expect(await lab.history()).toMatchObject([
        {
          status: 'failed',
          fault: { code: 'COMMAND_INTERRUPTED', message: expect.stringContaining('no call') },
        },
      ]);
    });

    it('is unknown when a write may have left, and is not run again', async () => {
      lab.vendor.order({ match: { method: 'POST' }, effect: { kind: 'delay', delayMs: 3_000 } });
      await killedDuring('POST /items/a/close', { item_ids: ['a'], step: 'close' });
      const [run] = await lab.history();
      expect(run).toMatchObject({
        status: 'unknown',
        sentCall: 'closeItem',
        fault: { code: 'COMMAND_INTERRUPTED', message: expect.stringContaining('closeItem') },
      });
      expect(lab.requests).toEqual(['POST /items/a/close']);
    });
  });
});
