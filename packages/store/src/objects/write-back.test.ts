import { describe, expect, test } from '@jest/globals';
import type { DroverObject } from '@drover/model';
import { describeDatabases } from '@drover/testing/databases/describe-databases';
import { array, assert, asyncProperty, constantFrom, integer, record } from 'fast-check';
import type { Database } from '../database/database.js';
import { KyselyObjectLibrary } from './kysely-object-library.js';
import { type AttributeWriteBack, type StatusWriteBack, applyWriteBacks } from './write-back.js';

const SAID = { source: 'Vendor', runId: 'run_one', at: 1_000 };

function attribute(objectSeq: number, rest: Partial<AttributeWriteBack> = {}): AttributeWriteBack {
  return { objectSeq, name: 'verdict', value: 'bad', mode: 'replace', ...SAID, ...rest };
}

function status(objectSeq: number, rest: Partial<StatusWriteBack> = {}): StatusWriteBack {
  return { objectSeq, status: 'blocked', ...SAID, ...rest };
}

describeDatabases('applyWriteBacks', (open) => {
  async function openWith(objects: number) {
    const database = await open();
    const library = new KyselyObjectLibrary(database);
    const drafts = Array.from({ length: objects }, (_, n) => ({ type: 'asset', value: `host ${n}` }));
    await library.upsert(drafts, { source: 'Feed', at: new Date(500) });
    const seqs = (await database.kysely.selectFrom('objects').select('seq').orderBy('seq').execute()).map(
      ({ seq }) => seq,
    );
    return { database, library, seqs };
  }

  function write(
    { kysely, traits }: Database,
    writes: { attributes?: AttributeWriteBack[]; statuses?: StatusWriteBack[] },
  ) {
    const { attributes = [], statuses = [] } = writes;
    return kysely.transaction().execute((trx) => applyWriteBacks(trx, traits, { attributes, statuses }));
  }

  async function read(library: KyselyObjectLibrary): Promise<DroverObject[]> {
    return (await library.list({ limit: 1_000 })).data;
  }

  test('writes attributes and statuses, one revision an object', async () => {
    const { database, library, seqs } = await openWith(3);
    const [first, second, third] = seqs as [number, number, number];
    const report = await write(database, {
      attributes: [
        attribute(first),
        attribute(first, { name: 'hits', value: 3, mode: 'max' }),
        attribute(second, { name: 'tag', value: 'b', mode: 'add' }),
        attribute(second, { name: 'tag', value: 'a', mode: 'add' }),
      ],
      statuses: [status(first), status(third)],
    });
    expect(report).toMatchObject({ objectsWritten: 3, attributesWritten: 4 });
    const said = { source: 'Vendor', runId: 'run_one', at: new Date(1_000).toISOString() };
    const objects = await read(library);
    expect(objects.map(({ attributes }) => attributes)).toEqual([
      [
        { name: 'hits', value: 3, ...said },
        { name: 'verdict', value: 'bad', ...said },
      ],
      [
        { name: 'tag', value: 'a', ...said },
        { name: 'tag', value: 'b', ...said },
      ],
      [],
    ]);
    expect(objects.map((object) => object.status)).toEqual(['blocked', undefined, 'blocked']);
    expect(objects.map(({ revision }) => revision)).toEqual([2, 2, 2]);
    expect(objects.every(({ updatedAt, createdAt }) => updatedAt > createdAt)).toBe(true);
  });

  test('what is as it was is no write and no revision', async () => {
    const { database, library, seqs } = await openWith(1);
    const [seq] = seqs as [number];
    const writes = {
      attributes: [attribute(seq), attribute(seq, { name: 'tag', mode: 'add' })],
      statuses: [status(seq)],
    };
    await write(database, writes);
    const later = {
      attributes: writes.attributes.map((row) => ({ ...row, at: 2_000 })),
      statuses: writes.statuses.map((row) => ({ ...row, at: 2_000 })),
    };
    expect(await write(database, later)).toMatchObject({ objectsWritten: 0, attributesWritten: 0 });
    expect((await read(library))[0]!.revision).toBe(2);
    expect(await library.history((await read(library))[0]!.id)).toHaveLength(3);
    // The repetition has moved the time, so that an answer from in between loses.
    const between = {
      attributes: [attribute(seq, { value: 'good', at: 1_500 })],
      statuses: [status(seq, { status: 'open', at: 1_500 })],
    };
    expect(await write(database, between)).toMatchObject({ objectsWritten: 0, attributesWritten: 0 });
  });

  test('a late older answer loses and stays in the history', async () => {
    const { database, library, seqs } = await openWith(1);
    const [seq] = seqs as [number];
    await write(database, {
      attributes: [attribute(seq, { at: 2_000 })],
      statuses: [status(seq, { at: 2_000 })],
    });
    const late = { at: 1_000, runId: 'run_two' };
    await write(database, {
      attributes: [attribute(seq, { value: 'good', ...late })],
      statuses: [status(seq, { status: 'open', ...late })],
    });
    const [object] = await read(library);
    expect(object).toMatchObject({ status: 'blocked', revision: 2, attributes: [{ value: 'bad' }] });
    const history = await library.history(object!.id);
    expect(history.map(({ name, value, applied, runId }) => [name, value, applied, runId])).toEqual([
      ['status', 'blocked', true, 'run_one'],
      ['verdict', 'bad', true, 'run_one'],
      ['status', 'open', false, 'run_two'],
      ['verdict', 'good', false, 'run_two'],
    ]);
  });

  test('replace leaves other sources and names alone', async () => {
    const { database, library, seqs } = await openWith(1);
    const [seq] = seqs as [number];
    await write(database, {
      attributes: [
        attribute(seq, { source: 'Other' }),
        attribute(seq, { name: 'verdict 2' }),
        attribute(seq),
      ],
    });
    await write(database, { attributes: [attribute(seq, { value: 'good', at: 2_000 })] });
    const [object] = await read(library);
    expect(object!.attributes.map(({ name, source, value }) => [name, source, value])).toEqual([
      ['verdict', 'Other', 'bad'],
      ['verdict', 'Vendor', 'good'],
      ['verdict 2', 'Vendor', 'bad'],
    ]);
  });

  test('objects that are gone are left out', async () => {
    const { database, seqs } = await openWith(1);
    const gone = seqs[0]! + 1;
    const report = await write(database, { attributes: [attribute(gone)], statuses: [status(gone)] });
    expect(report).toMatchObject({ objectsWritten: 0, attributesWritten: 0 });
    expect(await database.kysely.selectFrom('attribute_history').selectAll().execute()).toEqual([]);
    expect(await database.kysely.selectFrom('attributes').selectAll().execute()).toEqual([]);
  });

  test('texts of any length and with any character', async () => {
    const { database, library, seqs } = await openWith(1);
    const long = 'ü\0'.repeat(10_000);
    await write(database, {
      attributes: [attribute(seqs[0]!, { value: long })],
      statuses: [status(seqs[0]!, { status: 'a\0b' })],
    });
    const [object] = await read(library);
    expect(object!.attributes[0]!.value).toBe(long.replaceAll('\0', '\uFFFD'));
    expect(object!.status).toBe('a\uFFFDb');
  });

  test('writers of the same objects at the same time all come through', async () => {
    const { database, library, seqs } = await openWith(50);
    const writers = Array.from({ length: 6 }, (_, n) => {
      // Every other writer in the opposite order: locks taken in the order of the rows would cross.
      const order = n % 2 === 0 ? seqs : [...seqs].reverse();
      return write(database, {
        attributes: order.map((seq) => attribute(seq, { value: `answer ${n}`, at: 1_000 + n })),
        statuses: order.map((seq) => status(seq, { status: `status ${n}`, at: 1_000 + n })),
      });
    });
    await Promise.all(writers);
    for (const object of await read(library)) {
      expect(object.attributes.map(({ value }) => value)).toEqual(['answer 5']);
      expect(object.status).toBe('status 5');
    }
  });

  describe('order', () => {
    test('the same writes end the same in any order and any cut', async () => {
      const { database, library, seqs } = await openWith(2);
      const writes = array(
        record({
          objectSeq: constantFrom(...seqs),
          value: constantFrom<string | number>('a', 'b', 1, 2),
          at: integer({ min: 1, max: 4 }),
          runId: constantFrom('run_one', 'run_two'),
          mode: constantFrom('replace' as const, 'max' as const),
        }),
        { minLength: 1, maxLength: 8 },
      );
      let tries = 0;
      await assert(
        asyncProperty(writes, integer({ min: 1, max: 8 }), async (rows, cut) => {
          tries += 1;
          const as = (source: string) =>
            rows.map((row) => ({ ...row, source: `${source} ${tries}`, name: row.mode }));
          const forth = as('forth');
          const back = as('back').reverse();
          await write(database, { attributes: forth.slice(0, cut) });
          await write(database, { attributes: forth.slice(cut) });
          await write(database, { attributes: back });
          const of = async (source: string) =>
            (await read(library)).map(({ attributes }) =>
              attributes
                .filter((entry) => entry.source === `${source} ${tries}`)
                .map(({ name, value, at, runId }) => [name, value, at, runId]),
            );
          expect(await of('forth')).toEqual(await of('back'));
        }),
        { numRuns: 40 },
      );
    });
  });
});
