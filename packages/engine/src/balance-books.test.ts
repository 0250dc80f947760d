import { describe, expect, it } from '@jest/globals';
import type { PluginObject } from '@drover/model';
import fc from 'fast-check';
import { balanceBooks } from './balance-books.js';
import type { PlacedObject } from './ports/run-ledger.js';

const RULES = { emits: [{ name: 'Score', type: 'number', mode: 'replace' }] } as const;

function place(position: number): PlacedObject {
  const object: PluginObject = {
    id: `obj_${position}`,
    type: 'indicator',
    value: `v${position}`,
    aliases: [],
    attributes: [],
    revision: 1,
  };
  return { position, objectSeq: position + 100, object };
}

const REASON = { code: 'NOPE', message: 'Because.' };

describe('balanceBooks', () => {
  it('gives every object exactly one outcome, whatever the plugin drops, doubles, reorders or invents', () => {
    const ids = fc.integer({ min: 0, max: 12 }).map((n) => `obj_${n}`);
    const answer = fc.array(
      fc.oneof(
        ids.map((objectId) => ({ objectId, status: 'succeeded' })),
        ids.map((objectId) => ({ objectId, status: 'rejected', ...REASON })),
        fc.record({ objectId: ids, status: fc.string(), code: fc.anything() }),
        fc.anything(),
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9 }), fc.oneof(answer, fc.anything()), (size, given) => {
        const offered = Array.from({ length: size }, (_, at) => place(at));
        const { outcomes } = balanceBooks(offered, given, RULES);
        expect(outcomes.map(({ placed }) => placed.position)).toEqual(
          offered.map(({ position }) => position),
        );
        const list = Array.isArray(given) ? (given as { objectId?: unknown; status?: unknown }[]) : [];
        for (const outcome of outcomes) {
          const answers = list.filter((item) => item?.objectId === outcome.placed.object!.id);
          if (outcome.status === 'succeeded') {
            expect(answers).toHaveLength(1);
            expect(answers[0]!.status).toBe('succeeded');
          } else {
            expect(outcome.code).toMatch(/^[A-Z][A-Z0-9_]+$/);
            expect(outcome.message).not.toBe('');
          }
          if (answers.length !== 1)
            expect(outcome).toMatchObject({ status: 'failed', code: 'PLUGIN_CONTRACT' });
        }
      }),
    );
  });

  it('lets an object be pending where that is allowed, within bounds', () => {
    const answer = (changes: object) => [
      { objectId: 'obj_0', status: 'pending', token: { id: 1 }, pollAfterMs: 5_000, ...changes },
    ];
    const books = (changes: object, mayPend = true) =>
      balanceBooks([place(0)], answer(changes), { ...RULES, mayPend });
    expect(books({})).toEqual({
      outcomes: [],
      pending: [{ placed: place(0), token: { id: 1 }, pollAfterMs: 5_000 }],
      breaches: [],
    });
    expect(books({ pollAfterMs: 0 }).pending[0]!.pollAfterMs).toBe(1_000);
    expect(books({ pollAfterMs: Infinity }).pending[0]!.pollAfterMs).toBe(86_400_000);
    const broken = [
      { token: undefined },
      { token: 'x'.repeat(4_095) },
      { pollAfterMs: -1 },
      { pollAfterMs: Number.NaN },
      { pollAfterMs: '5' },
      { data: 'none' },
    ];
    for (const changes of broken) {
      const { outcomes, pending, breaches } = books(changes);
      expect(outcomes).toMatchObject([{ status: 'failed', code: 'PLUGIN_CONTRACT' }]);
      expect([pending.length, breaches.length]).toEqual([0, 1]);
    }
    expect(books({}, false).outcomes).toMatchObject([{ code: 'PLUGIN_CONTRACT' }]);
  });

  it('reports what was invented', () => {
    const { outcomes, breaches } = balanceBooks(
      [place(0)],
      [
        { objectId: 'obj_0', status: 'succeeded' },
        { objectId: 'obj_77', status: 'succeeded' },
      ],
      RULES,
    );
    expect(outcomes[0]!.status).toBe('succeeded');
    expect(breaches).toEqual(['An outcome answers for obj_77, which was not offered.']);
  });

  it.each([
    ['a status that is none', { status: 'deferred', ...REASON }],
    ['a failure without a reason', { status: 'failed' }],
    ['a code that is no code', { status: 'failed', code: 'oh no', message: 'x' }],
    ['data that is a list', { status: 'succeeded', data: [1] }],
    ['data over 16 KiB', { status: 'succeeded', data: { x: 'y'.repeat(17_000) } }],
    [
      'an attribute that is not declared',
      { status: 'succeeded', writeBack: { attributes: [{ name: 'X', value: 1 }] } },
    ],
    [
      'an attribute of another type',
      { status: 'succeeded', writeBack: { attributes: [{ name: 'Score', value: '1' }] } },
    ],
    [
      'a number that is none',
      { status: 'succeeded', writeBack: { attributes: [{ name: 'Score', value: NaN }] } },
    ],
    [
      'a write-back of a rejected object',
      { status: 'rejected', ...REASON, writeBack: { attributes: [{ name: 'Score', value: 1 }] } },
    ],
  ])('fails an object for %s', (_, answer) => {
    const { outcomes } = balanceBooks(
      [place(0), place(1)],
      [
        { objectId: 'obj_0', ...answer },
        { objectId: 'obj_1', status: 'succeeded', writeBack: { attributes: [{ name: 'Score', value: 4 }] } },
      ],
      RULES,
    );
    expect(outcomes[0]).toMatchObject({ status: 'failed', code: 'PLUGIN_CONTRACT' });
    expect(outcomes[1]).toMatchObject({
      status: 'succeeded',
      writeBack: { attributes: [{ name: 'Score', value: 4 }] },
    });
  });

  it('skips an object that is gone', () => {
    const { outcomes } = balanceBooks([{ position: 0, objectSeq: 5 }], [], RULES);
    expect(outcomes[0]).toMatchObject({ status: 'skipped', code: 'OBJECT_GONE' });
  });
});
