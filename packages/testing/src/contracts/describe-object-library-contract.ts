import { beforeEach, describe, expect, test } from '@jest/globals';
import type { CollectionLibrary, ObjectLibrary, UpsertOptions } from '@drover/engine';
import type { CollectionId, DroverObject, ObjectDraft, ObjectId } from '@drover/model';
import { assert, asyncProperty, constantFrom, integer, option, record, uniqueArray, array } from 'fast-check';

export interface Libraries {
  objects: ObjectLibrary;
  collections: CollectionLibrary;
}

const AT = new Date('2026-03-01T00:00:00.000Z');
const LATER = new Date('2026-03-02T00:00:00.000Z');
const FEED: UpsertOptions = { source: 'Example Feed', at: AT };

function fqdn(value: string, rest: Partial<ObjectDraft> = {}): ObjectDraft {
  return { type: 'indicator', subtype: 'FQDN', value, ...rest };
}

function counts(created: number, updated: number, unchanged: number, duplicates: number) {
  return { created, updated, unchanged, duplicates };
}

/** What every object library keeps to. `open` gives libraries over one empty store. */
export function describeObjectLibraryContract(open: () => Promise<Libraries>): void {
  describe('objects', () => describeObjects(open));
  describe('order', () => describeOrder(open));
}

function describeObjects(open: () => Promise<Libraries>): void {
  let objects: ObjectLibrary;
  let collections: CollectionLibrary;

  beforeEach(async () => {
    ({ objects, collections } = await open());
  });

  async function all(): Promise<DroverObject[]> {
    return (await objects.list({ limit: 1_000 })).data;
  }

  async function only(value: string): Promise<DroverObject> {
    const found = (await all()).filter((object) => object.value === value);
    expect(found).toHaveLength(1);
    return found[0]!;
  }

  describe('upsert', () => {
    test('makes objects with what the drafts say', async () => {
      const drafts = [
        fqdn('a.example.com', {
          aliases: ['b.example.com'],
          attributes: [
            { name: 'score', value: 80 },
            { name: 'family', value: 'Sample' },
            { name: 'confirmed', value: true },
          ],
          status: 'active',
        }),
        { type: 'identity', value: 'sam@example.com' },
      ];
      expect(await objects.upsert(drafts, FEED)).toEqual(counts(2, 0, 0, 0));
      const said = { source: 'Example Feed', at: AT.toISOString() };
      expect(await all()).toEqual([
        {
          id: expect.stringMatching(/^obj_[0-9a-f]{32}$/),
          type: 'indicator',
          subtype: 'FQDN',
          value: 'a.example.com',
          aliases: ['b.example.com'],
          attributes: [
            { name: 'confirmed', value: true, ...said },
            { name: 'family', value: 'Sample', ...said },
            { name: 'score', value: 80, ...said },
          ],
          sources: ['Example Feed'],
          status: 'active',
          revision: 1,
          createdAt: AT.toISOString(),
          updatedAt: AT.toISOString(),
        },
        {
          id: expect.any(String),
          type: 'identity',
          value: 'sam@example.com',
          aliases: [],
          attributes: [],
          sources: ['Example Feed'],
          revision: 1,
          createdAt: AT.toISOString(),
          updatedAt: AT.toISOString(),
        },
      ]);
    });

    test('the same again changes nothing', async () => {
      const draft = fqdn('a.example.com', {
        aliases: ['b.example.com'],
        attributes: [{ name: 'score', value: 80 }],
        status: 'active',
      });
      await objects.upsert([draft], FEED);
      const before = await all();
      expect(await objects.upsert([draft], { ...FEED, at: LATER })).toEqual(counts(0, 0, 1, 0));
      expect(await all()).toEqual(before);
    });

    test.each<[string, Partial<ObjectDraft>, string]>([
      ['an alias', { aliases: ['b.example.com'] }, 'Example Feed'],
      ['an attribute', { attributes: [{ name: 'score', value: 1 }] }, 'Example Feed'],
      ['a status', { status: 'expired' }, 'Example Feed'],
      ['a source', {}, 'Other Feed'],
      ['all at once', { aliases: ['c.example.com'], status: 'new' }, 'Other Feed'],
    ])('%s more is one revision', async (_, more, source) => {
      await objects.upsert([fqdn('a.example.com'), fqdn('z.example.com')], FEED);
      const report = await objects.upsert([fqdn('a.example.com', more)], { source, at: LATER });
      expect(report).toEqual(counts(0, 1, 0, 0));
      expect(await only('a.example.com')).toMatchObject({
        revision: 2,
        createdAt: AT.toISOString(),
        updatedAt: LATER.toISOString(),
      });
      expect(await only('z.example.com')).toMatchObject({ revision: 1, updatedAt: AT.toISOString() });
    });

    test('tells keys apart by type, subtype and value', async () => {
      const drafts = [
        { type: 'indicator', subtype: 'FQDN', value: 'x' },
        { type: 'indicator', subtype: 'URL', value: 'x' },
        { type: 'asset', value: 'x' },
        { type: 'indicator', subtype: 'FQDN', value: 'X' },
      ];
      expect(await objects.upsert(drafts, FEED)).toEqual(counts(4, 0, 0, 0));
    });

    test('drafts of one key in one call are one object', async () => {
      const report = await objects.upsert(
        [
          fqdn('a.example.com', { attributes: [{ name: 'score', value: 1 }], status: 'first' }),
          fqdn('b.example.com'),
          fqdn('a.example.com', { attributes: [{ name: 'score', value: 2 }], status: 'second' }),
        ],
        FEED,
      );
      expect(report).toEqual(counts(2, 0, 0, 1));
      const { attributes, status, revision } = await only('a.example.com');
      expect([attributes.map(({ value }) => value), status, revision]).toEqual([[1, 2], 'second', 1]);
    });

    test('adds to what a source has said, each kind of value for itself', async () => {
      const score = (value: string | number | boolean) =>
        fqdn('a.example.com', { attributes: [{ name: 'score', value }] });
      await objects.upsert([score(1)], FEED);
      await objects.upsert([score('1'), score(2), score(true)], { source: 'Other Feed', at: LATER });
      const { attributes } = await only('a.example.com');
      expect(attributes.map(({ value, source }) => [value, source])).toEqual([
        [1, 'Example Feed'],
        [true, 'Other Feed'],
        [2, 'Other Feed'],
        ['1', 'Other Feed'],
      ]);
    });

    test('keeps long values and texts with any character', async () => {
      const long = `https://example.com/${'päth/😀'.repeat(2_000)}`;
      const drafts = ['A', 'B'].map((end) => ({
        type: 'indicator',
        subtype: 'URL',
        value: long + end,
        aliases: [`alias ${long}${end}`],
        attributes: [{ name: 'note', value: long + end }],
      }));
      expect(await objects.upsert(drafts, FEED)).toEqual(counts(2, 0, 0, 0));
      expect(await objects.upsert(drafts, FEED)).toEqual(counts(0, 0, 2, 0));
      const stored = await only(`${long}A`);
      expect(stored.aliases).toEqual(drafts[0]!.aliases);
      expect(stored.attributes[0]!.value).toBe(`${long}A`);
      await objects.upsert([fqdn('nul\0.example.com'), fqdn('nul\0.example.com')], FEED);
      expect((await only('nul\uFFFD.example.com')).revision).toBe(1);
    });

    test('refuses more than 1,000 drafts, and takes none', async () => {
      const many = Array.from({ length: 1_001 }, (_, n) => fqdn(`n${n}.example.com`));
      await expect(objects.upsert(many, FEED)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      expect(await objects.upsert([], FEED)).toEqual(counts(0, 0, 0, 0));
      expect(await all()).toEqual([]);
    });

    test('an older status does not replace a newer one', async () => {
      await objects.upsert([fqdn('a.example.com', { status: 'new' })], { ...FEED, at: LATER });
      expect(await objects.upsert([fqdn('a.example.com', { status: 'old' })], FEED)).toEqual(
        counts(0, 0, 1, 0),
      );
      expect((await only('a.example.com')).status).toBe('new');
    });

    test('calls at the same time make no object twice', async () => {
      const drafts = Array.from({ length: 200 }, (_, n) => fqdn(`n${n}.example.com`, { aliases: [`n${n}`] }));
      const reports = await Promise.all(
        Array.from({ length: 4 }, (_, n) => objects.upsert(drafts, { source: `Feed ${n}`, at: AT })),
      );
      expect(reports.reduce((sum, { created }) => sum + created, 0)).toBe(200);
      expect(reports.reduce((sum, { updated }) => sum + updated, 0)).toBe(600);
      expect((await all()).every(({ revision, sources }) => revision === 4 && sources.length === 4)).toBe(
        true,
      );
    });
  });

  describe('aliases', () => {
    test('a draft whose value is an alias updates the owner', async () => {
      await objects.upsert([fqdn('a.example.com', { aliases: ['b.example.com'] })], FEED);
      const draft = fqdn('b.example.com', { attributes: [{ name: 'score', value: 5 }] });
      expect(await objects.upsert([draft], FEED)).toEqual(counts(0, 1, 0, 0));
      expect((await only('a.example.com')).attributes).toHaveLength(1);
      expect(await all()).toHaveLength(1);
    });

    test('the same within one call is a duplicate', async () => {
      const report = await objects.upsert(
        [fqdn('a.example.com', { aliases: ['b.example.com'] }), fqdn('b.example.com')],
        FEED,
      );
      expect(report).toEqual(counts(1, 0, 0, 1));
    });

    test('an alias leads only to an object of its own type', async () => {
      await objects.upsert([fqdn('a.example.com', { aliases: ['shared'] })], FEED);
      expect(await objects.upsert([{ type: 'asset', value: 'shared' }], FEED)).toEqual(counts(1, 0, 0, 0));
    });

    test('an alias of another object is left out and reported, the rest goes in', async () => {
      await objects.upsert([fqdn('a.example.com', { aliases: ['owned'] }), fqdn('value.example.com')], FEED);
      const report = await objects.upsert(
        [
          fqdn('c.example.com', { aliases: ['free', 'owned', 'value.example.com', 'c.example.com'] }),
          fqdn('d.example.com', { aliases: ['free'] }),
        ],
        FEED,
      );
      expect(report).toEqual({
        ...counts(2, 0, 0, 0),
        takenAliases: [
          { index: 0, alias: 'owned' },
          { index: 0, alias: 'value.example.com' },
          { index: 1, alias: 'free' },
        ],
      });
      expect((await only('c.example.com')).aliases).toEqual(['free']);
      expect((await only('d.example.com')).aliases).toEqual([]);
    });
  });

  describe('list', () => {
    test('pages through all objects in the order in which they were made', async () => {
      const drafts = Array.from({ length: 25 }, (_, n) => fqdn(`n${n}.example.com`));
      await objects.upsert(drafts, FEED);
      const values: string[] = [];
      const lengths: number[] = [];
      let cursor: string | undefined;
      do {
        const page = await objects.list({ limit: 10, ...(cursor === undefined ? {} : { cursor }) });
        values.push(...page.data.map(({ value }) => value));
        lengths.push(page.data.length);
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(values).toEqual(drafts.map(({ value }) => value));
      expect(lengths).toEqual([10, 10, 5]);
    });

    test('a page that ends with the last object has no cursor', async () => {
      await objects.upsert([fqdn('a.example.com'), fqdn('b.example.com')], FEED);
      expect((await objects.list({ limit: 2 })).nextCursor).toBeUndefined();
      expect((await objects.list({ limit: 1 })).nextCursor).toBeDefined();
    });

    test('narrows by filter, by fixed list, by saved query and by both', async () => {
      const list = await collections.create({ name: 'list', kind: 'fixed' });
      const query = { or: [{ value: 'a*' }, { value: 'b*' }] };
      const saved = await collections.create({ name: 'saved', kind: 'query', query });
      await objects.upsert([fqdn('a.example.com'), fqdn('z.example.com')], {
        ...FEED,
        collectionId: list.id,
      });
      await objects.upsert([fqdn('b.example.com')], FEED);
      const values = async (request: Parameters<ObjectLibrary['list']>[0]) =>
        (await objects.list(request)).data.map(({ value }) => value);
      const filter = { not: { value: 'a*' } };
      expect(await values({ filter })).toEqual(['z.example.com', 'b.example.com']);
      expect(await values({ collectionId: list.id })).toEqual(['a.example.com', 'z.example.com']);
      expect(await values({ collectionId: saved.id })).toEqual(['a.example.com', 'b.example.com']);
      expect(await values({ collectionId: list.id, filter })).toEqual(['z.example.com']);
      expect(await values({ collectionId: saved.id, filter })).toEqual(['b.example.com']);
    });

    test.each([
      [{ limit: 0 }, 'INVALID_ARGUMENT'],
      [{ limit: 1_001 }, 'INVALID_ARGUMENT'],
      [{ cursor: 'nonsense' }, 'INVALID_ARGUMENT'],
      [{ collectionId: 'col_nothing' as CollectionId }, 'NOT_FOUND'],
      [{ filter: { size: 3 } as never }, 'QUERY_INVALID'],
    ])('refuses %j', async (request, code) => {
      await expect(objects.list(request)).rejects.toMatchObject({ code });
    });
  });

  describe('get and history', () => {
    test('nothing is found by an id of nothing', async () => {
      expect(await objects.get('obj_nothing' as ObjectId)).toBeUndefined();
      expect(await objects.history('obj_nothing' as ObjectId)).toEqual([]);
    });

    test('get gives what list gives', async () => {
      await objects.upsert(
        [fqdn('a.example.com', { aliases: ['b'], attributes: [{ name: 'n', value: 1 }] })],
        FEED,
      );
      const [listed] = await all();
      expect(await objects.get(listed!.id)).toEqual(listed);
    });

    test('history has every value and status once, newest first', async () => {
      const draft = fqdn('a.example.com', { attributes: [{ name: 'score', value: 1 }], status: 'new' });
      await objects.upsert([draft], FEED);
      await objects.upsert([draft], { ...FEED, at: LATER });
      await objects.upsert([fqdn('a.example.com', { attributes: [{ name: 'score', value: 2 }] })], {
        ...FEED,
        at: LATER,
      });
      const { id } = await only('a.example.com');
      const said = { source: 'Example Feed', applied: true };
      expect(await objects.history(id)).toEqual([
        { name: 'score', value: 2, mode: 'add', at: LATER.toISOString(), ...said },
        { name: 'status', value: 'new', mode: 'status', at: AT.toISOString(), ...said },
        { name: 'score', value: 1, mode: 'add', at: AT.toISOString(), ...said },
      ]);
    });
  });

  describe('fixed lists', () => {
    test('take the objects of an upsert once, known ones too', async () => {
      const { id: collectionId } = await collections.create({ name: 'list', kind: 'fixed' });
      await objects.upsert([fqdn('a.example.com')], FEED);
      const drafts = [fqdn('a.example.com'), fqdn('b.example.com'), fqdn('b.example.com')];
      expect(await objects.upsert(drafts, { ...FEED, collectionId })).toEqual(counts(1, 0, 1, 1));
      await objects.upsert(drafts, { ...FEED, collectionId });
      expect(await collections.count(collectionId)).toBe(2);
    });

    test('that do not exist, and saved queries, are refused and nothing goes in', async () => {
      const saved = await collections.create({ name: 'q', kind: 'query', query: { type: 'indicator' } });
      const into = (collectionId: CollectionId) =>
        objects.upsert([fqdn('a.example.com')], { ...FEED, collectionId });
      await expect(into(saved.id)).rejects.toMatchObject({ code: 'COLLECTION_NOT_FIXED' });
      await expect(into('col_nothing' as CollectionId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect(await all()).toEqual([]);
    });
  });
}

interface Offered {
  type: string;
  value: string;
  aliases: string[];
  attributes: { name: string; value: number }[];
  status: string | undefined;
}

const TEXTS = constantFrom('a', 'b', 'c', 'd');
const DRAFTS = array(
  record<Offered>({
    type: constantFrom('indicator', 'asset'),
    value: TEXTS,
    aliases: uniqueArray(TEXTS, { maxLength: 2 }),
    attributes: array(record({ name: constantFrom('n', 'm'), value: integer({ min: 0, max: 2 }) }), {
      maxLength: 2,
    }),
    status: option(constantFrom('new', 'old'), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 8 },
);

function describeOrder(open: () => Promise<Libraries>): void {
  test('one call of many drafts does what a call for each does', async () => {
    const { objects } = await open();
    let runs = 0;
    /** Each side of each try has objects and aliases of its own, by the beginning of their texts. */
    const beginning = (side: string) => `${runs} ${side} `;
    const ofSide = (drafts: readonly Offered[], side: string) =>
      drafts.map((draft) => ({
        ...draft,
        value: beginning(side) + draft.value,
        aliases: draft.aliases.map((alias) => beginning(side) + alias),
      }));
    const bare = (text: string) => text.split(' ').at(-1)!;
    async function content(side: string) {
      const { data } = await objects.list({ limit: 1_000, filter: { value: `${beginning(side)}*` } });
      return data
        .map(({ type, value, aliases, attributes, status }) => ({
          type,
          value: bare(value),
          aliases: aliases.map(bare),
          attributes,
          status,
        }))
        .sort((left, right) => (left.type + left.value < right.type + right.value ? -1 : 1));
    }
    await assert(
      asyncProperty(DRAFTS, integer({ min: 0, max: 4 }), async (drafts, known) => {
        runs += 1;
        // Both sides first get the same beginning, so that drafts meet objects that exist.
        for (const draft of drafts.slice(0, known)) {
          await objects.upsert([...ofSide([draft], 'whole'), ...ofSide([draft], 'single')], FEED);
        }
        const rest = drafts.slice(known);
        const report = await objects.upsert(ofSide(rest, 'whole'), FEED);
        const taken: { index: number; alias: string }[] = [];
        for (const [index, draft] of ofSide(rest, 'single').entries()) {
          const { takenAliases = [] } = await objects.upsert([draft], FEED);
          taken.push(...takenAliases.map(({ alias }) => ({ index, alias: bare(alias) })));
        }
        expect(await content('whole')).toEqual(await content('single'));
        const reported = (report.takenAliases ?? []).map(({ index, alias }) => ({
          index,
          alias: bare(alias),
        }));
        expect(reported).toEqual(taken);
        expect(report.created + report.updated + report.unchanged + report.duplicates).toBe(rest.length);
      }),
      { numRuns: 60 },
    );
  }, 60_000);
}
