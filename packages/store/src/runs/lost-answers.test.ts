import { expect, it } from '@jest/globals';
import type { EnginePorts, RunLedger } from '@drover/engine';
import { Fault, type PluginObject } from '@drover/model';
import { describePostgres, openEngineWorld } from '@drover/testing';
import type { Database } from '../database/database.js';

/** Two thirds of it pass from one look of the executor to the next. */
const LEASE_MS = 1_500;

describePostgres('work whose worker lives and does not know of it', 'on PostgreSQL', describeLostAnswers);

/** Has the answer of the n-th call of some methods lost, after they have taken effect, or the call itself. */
function losing(
  ports: EnginePorts,
  losses: { [Method in keyof RunLedger]?: 'call' | 'answer' },
): EnginePorts {
  const left = new Map(Object.entries(losses));
  const ledger = new Proxy(ports.ledger, {
    get(target, name: string) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]) => {
        const loss = left.get(name);
        left.delete(name);
        if (loss === 'call') throw new Error('Connection terminated unexpectedly');
        const answer: unknown = await member.apply(target, args);
        if (loss === 'answer') throw new Error('Connection terminated unexpectedly');
        return answer;
      };
    },
  });
  return { ...ports, ledger };
}

function describeLostAnswers(open: () => Promise<Database>): void {
  it('is taken up again, though the connection to the database was lost over a claim and a settlement', async () => {
    const world = await openEngineWorld(await open(), { objects: 25 });
    const execute = (objects: PluginObject[]): unknown =>
      objects.map(({ id }) => ({ objectId: id, status: 'succeeded' }));
    const { engine } = world.another(
      { execute },
      {
        leaseMs: LEASE_MS,
        ports: (ports) => losing(ports, { claim: 'answer', settleBatch: 'call' }),
      },
    );
    const { runId } = await engine.submit(world.submission);
    await engine.start();
    const run = await world.waitFor(runId!);
    expect(run.status).toBe('succeeded');
    expect(run.summary.counts).toMatchObject({ succeeded: 25 });
    await world.close();
  });

  it('is done again when the database went away in the middle of a hook, whatever the try', async () => {
    let calls = 0;
    const execute = (objects: PluginObject[]): unknown => {
      calls += 1;
      if (calls <= 3) throw new Fault('DATABASE_UNREACHABLE', 'The database went away.');
      return objects.map(({ id }) => ({ objectId: id, status: 'succeeded' }));
    };
    const engine = { leaseMs: LEASE_MS };
    const world = await openEngineWorld(await open(), { objects: 5, script: { execute }, engine });
    const run = await world.run();
    expect(run.summary.counts).toMatchObject({ succeeded: 5 });
    expect(calls).toBe(4);
    await world.close();
  });
}
