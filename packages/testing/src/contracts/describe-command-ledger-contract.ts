import { beforeEach, describe, expect, it } from '@jest/globals';
import type { CommandLedger, NewCommandRun } from '@drover/engine';
import { newId } from '@drover/model';

const AT = new Date('2026-03-01T12:00:00.000Z');
const LATER = new Date('2026-03-01T12:00:30.000Z');
const INTERRUPTED = { code: 'COMMAND_INTERRUPTED', message: 'It stopped.' };

/** What every record of commands does. `open` gives one over an empty store. */
export function describeCommandLedgerContract(open: () => Promise<CommandLedger>): void {
  describe('a command ledger', () => {
    let ledger: CommandLedger;
    beforeEach(async () => {
      ledger = await open();
    });

    async function begun(changes: Partial<NewCommandRun> = {}): Promise<NewCommandRun> {
      const run: NewCommandRun = {
        id: newId('commandRun'),
        pluginId: 'acme.look-up',
        actionId: 3,
        version: '1.0.0',
        connectionId: newId('connection'),
        mode: 'apply',
        trigger: 'manual',
        input: { text: 'ä\u0000\ud800' },
        config: {},
        startedAt: AT,
        owner: { host: 'one', pid: 7 },
        leaseUntil: LATER,
        ...changes,
      };
      await ledger.begin(run);
      return run;
    }

    it('keeps a command from its beginning to its end', async () => {
      const { id, owner: _owner, leaseUntil: _until, ...run } = await begun();
      const startedAt = AT.toISOString();
      const figures = { vendorCalls: 0, vendorWrites: 0, waitedMs: 0 };
      expect(await ledger.find(id)).toEqual({ ...run, id, status: 'running', ...figures, startedAt });
      await ledger.leaving(id, 'closeIncident');
      const output = { bytes: 12, digest: 'ab' };
      await ledger.end(id, { status: 'succeeded', at: LATER, vendorCalls: 3, vendorWrites: 1, output });
      expect(await ledger.find(id)).toMatchObject({
        status: 'succeeded',
        sentCall: 'closeIncident',
        vendorCalls: 3,
        vendorWrites: 1,
        output,
        endedAt: LATER.toISOString(),
      });
      expect(await ledger.open()).toEqual([]);
    });

    it('closes what its process left, but not what it has prolonged or ended since', async () => {
      const first = await begun();
      const second = await begun();
      const third = await begun();
      const seen = await ledger.open();
      expect(seen.map(({ id }) => id)).toEqual([first.id, second.id, third.id]);
      await ledger.prolong(first.id, new Date(LATER.getTime() + 1));
      await ledger.end(second.id, { status: 'succeeded', at: LATER });
      await ledger.leaving(third.id, 'closeIncident');
      for (const open of seen) {
        expect(await ledger.close(open, { status: 'failed', at: LATER, fault: INTERRUPTED })).toBe(false);
      }
      const [, last] = await ledger.open();
      expect(last).toMatchObject({ id: third.id, sentCall: 'closeIncident' });
      expect(await ledger.close(last!, { status: 'unknown', at: LATER, fault: INTERRUPTED })).toBe(true);
      expect(await ledger.find(third.id)).toMatchObject({ status: 'unknown', fault: INTERRUPTED });
    });

    it('lets no write leave of a command that was closed, and takes the word of its process over that', async () => {
      const { id } = await begun();
      const [open] = await ledger.open();
      await ledger.close(open!, { status: 'failed', at: LATER, fault: INTERRUPTED });
      await expect(ledger.leaving(id, 'closeIncident')).rejects.toMatchObject({ code: 'LEASE_LOST' });
      await ledger.end(id, { status: 'succeeded', at: LATER });
      const found = await ledger.find(id);
      expect(found).toMatchObject({ status: 'succeeded' });
      expect(found).not.toHaveProperty('fault');
    });

    it('lists by command and status, newest first, page by page', async () => {
      const first = await begun();
      const other = await begun({ pluginId: 'acme.other' });
      const last = await begun();
      await ledger.end(last.id, { status: 'failed', at: LATER, fault: INTERRUPTED });
      const page = await ledger.list({ limit: 2 });
      expect(page.data.map(({ id }) => id)).toEqual([last.id, other.id]);
      const next = await ledger.list({ limit: 2, cursor: page.nextCursor });
      expect(next).toMatchObject({ data: [{ id: first.id }] });
      expect(next.nextCursor).toBeUndefined();
      expect((await ledger.list({ pluginId: 'acme.other' })).data).toMatchObject([{ id: other.id }]);
      expect((await ledger.list({ status: 'failed' })).data).toMatchObject([{ id: last.id }]);
    });

    it('finds nothing by an id of nothing', async () => {
      expect(await ledger.find('cmd_0')).toBeUndefined();
    });
  });
}
