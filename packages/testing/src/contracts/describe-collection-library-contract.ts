import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { CollectionLibrary, ObjectLibrary } from '@drover/engine';
import type { CollectionId, CollectionQuery, FaultList, ObjectDraft } from '@drover/model';
import type { Libraries } from './describe-object-library-contract.js';

const OLD = new Date('2026-01-01T00:00:00.000Z');
const NEW = new Date('2026-03-01T12:00:00.000Z');

function indicator(subtype: string, value: string, rest: Partial<ObjectDraft> = {}): ObjectDraft {
  return { type: 'indicator', subtype, value, ...rest };
}

const OLD_DRAFTS: ObjectDraft[] = [
  indicator('FQDN', 'alpha.example.com', {
    attributes: [
      { name: 'score', value: 80 },
      { name: 'family', value: 'Sample' },
      { name: 'score', value: 20 },
    ],
    status: 'active',
  }),
  indicator('FQDN', 'ALPHA.example.com', { attributes: [{ name: 'score', value: '80' }] }),
  indicator('URL', 'https://example.com/a_b%20[c]?d=*', { attributes: [{ name: 'seen', value: true }] }),
];
const NEW_DRAFTS: ObjectDraft[] = [
  indicator('IP Address', '192.0.2.7', { attributes: [{ name: 'score', value: -3.5 }], status: 'expired' }),
  { type: 'identity', value: 'alpha@example.com', attributes: [{ name: 'seen', value: false }] },
];

const ALPHA = 'alpha.example.com';
const UPPER = 'ALPHA.example.com';
const URL_VALUE = 'https://example.com/a_b%20[c]?d=*';
const IP = '192.0.2.7';
const SAM = 'alpha@example.com';

const ATTRIBUTE_CASES: [CollectionQuery, string[]][] = [
  [{ attribute: { name: 'score', op: '=', value: 80 } }, [ALPHA]],
  [{ attribute: { name: 'score', op: '=', value: '80' } }, [UPPER]],
  [{ attribute: { name: 'score', op: '!=', value: 80 } }, [ALPHA, IP]],
  [{ attribute: { name: 'score', op: '!=', value: '80' } }, []],
  [{ attribute: { name: 'score', op: '>', value: 20 } }, [ALPHA]],
  [{ attribute: { name: 'score', op: '>=', value: -3.5 } }, [ALPHA, IP]],
  [{ attribute: { name: 'score', op: '<', value: 20 } }, [IP]],
  [{ attribute: { name: 'score', op: '<=', value: 20 } }, [ALPHA, IP]],
  [{ attribute: { name: 'score', op: 'exists' } }, [ALPHA, UPPER, IP]],
  [{ attribute: { name: 'seen', op: '=', value: true } }, [URL_VALUE]],
  [{ attribute: { name: 'seen', op: '>=', value: 0 } }, []],
  [{ attribute: { name: 'family', op: '=', value: 'sample' } }, []],
];

const CASES: [CollectionQuery, string[]][] = [
  [{ type: 'identity' }, [SAM]],
  [{ subtype: 'FQDN' }, [ALPHA, UPPER]],
  [{ and: [{ type: 'IOCs' }, { subtype: 'ipv4' }] }, [IP]],
  [{ and: [{ type: 'indicator' }, { subtype: 'URL' }] }, [URL_VALUE]],
  [{ status: 'active' }, [ALPHA]],
  [{ not: { status: 'active' } }, [UPPER, URL_VALUE, IP, SAM]],
  [{ value: ALPHA }, [ALPHA]],
  [{ value: 'alpha*' }, [ALPHA, SAM]],
  [{ value: '*.example.com' }, [ALPHA, UPPER]],
  [{ value: 'al*com' }, [ALPHA, SAM]],
  [{ value: '*example*' }, [ALPHA, UPPER, URL_VALUE, SAM]],
  [{ value: 'https://example.com/a_b%20[c]?*' }, [URL_VALUE]],
  [{ value: 'https://example.com/aXb*' }, []],
  [{ value: '*b%20[c]*' }, [URL_VALUE]],
  [{ value: '*' }, [ALPHA, UPPER, URL_VALUE, IP, SAM]],
  [{ source: 'Feed B' }, [IP, SAM]],
  [{ createdSince: '2026-02-01' }, [IP, SAM]],
  [{ createdSince: '2026-03-01T13:00:00+01:00' }, [IP, SAM]],
  [{ createdSince: '2026-03-01T12:00:00.001Z' }, []],
  [{ updatedSince: '2025-12-31T23:59:59Z' }, [ALPHA, UPPER, URL_VALUE, IP, SAM]],
  [{ or: [{ type: 'identity' }, { value: ALPHA }, { status: 'expired' }] }, [ALPHA, IP, SAM]],
  [{ and: [{ source: 'Feed A' }, { not: { attribute: { name: 'score', op: 'exists' } } }] }, [URL_VALUE]],
  [{ not: { or: [{ value: '*a*' }, { source: 'Feed A' }] } }, [IP]],
];

/** What every collection library keeps to. `open` gives libraries over one empty store. */
export function describeCollectionLibraryContract(open: () => Promise<Libraries>): void {
  describe('collections', () => describeCollections(open));
  describe('queries', () => describeQueries(open));
}

function describeCollections(open: () => Promise<Libraries>): void {
  let objects: ObjectLibrary;
  let collections: CollectionLibrary;

  beforeEach(async () => {
    ({ objects, collections } = await open());
  });

  describe('names', () => {
    test('find a collection, as its id does', async () => {
      const made = await collections.create({ name: 'bad hosts', kind: 'fixed' });
      expect(made).toMatchObject({ name: 'bad hosts', kind: 'fixed', id: expect.stringMatching(/^col_/) });
      expect(await collections.find('bad hosts')).toEqual(made);
      expect(await collections.find(made.id)).toEqual(made);
      expect(await collections.find('other')).toBeUndefined();
    });

    test('are taken once', async () => {
      await collections.create({ name: 'bad hosts', kind: 'fixed' });
      const again = collections.create({ name: 'bad hosts', kind: 'query', query: { type: 'asset' } });
      await expect(again).rejects.toMatchObject({ code: 'COLLECTION_EXISTS' });
      expect((await collections.find('bad hosts'))!.kind).toBe('fixed');
    });

    test.each(['', ' padded ', 'x'.repeat(201), `col_${'0'.repeat(32)}`])('%j is refused', async (name) => {
      await expect(collections.create({ name, kind: 'fixed' })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    });
  });

  describe('counts', () => {
    test('of a fixed list and of a saved query, in all and by type', async () => {
      const list = await collections.create({ name: 'list', kind: 'fixed' });
      const query: CollectionQuery = { type: 'indicator' };
      const saved = await collections.create({ name: 'all indicators', kind: 'query', query });
      await objects.upsert(OLD_DRAFTS, { source: 'Feed A', at: OLD, collectionId: list.id });
      await objects.upsert(NEW_DRAFTS, { source: 'Feed B', at: NEW });
      expect(await collections.count(list.id)).toBe(3);
      expect(await collections.count(saved.id)).toBe(4);
      expect(await collections.countByType(saved.id)).toEqual([
        { type: 'indicator', subtype: 'FQDN', objects: 2 },
        { type: 'indicator', subtype: 'IP Address', objects: 1 },
        { type: 'indicator', subtype: 'URL', objects: 1 },
      ]);
      expect(await collections.list()).toEqual([
        { ...saved, objects: 4 },
        { ...list, objects: 3 },
      ]);
      await objects.upsert([{ type: 'asset', value: 'laptop' }], {
        source: 'Feed A',
        at: OLD,
        collectionId: list.id,
      });
      expect((await collections.countByType(list.id))[0]).toEqual({ type: 'asset', objects: 1 });
    });

    test('of nothing are a fault', async () => {
      const id = `col_${'0'.repeat(32)}` as CollectionId;
      await expect(collections.count(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(collections.countByType(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(collections.remove(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });
  });

  test('removing takes the name and leaves the objects', async () => {
    const { id: collectionId } = await collections.create({ name: 'list', kind: 'fixed' });
    await objects.upsert(OLD_DRAFTS, { source: 'Feed A', at: OLD, collectionId });
    await collections.remove(collectionId);
    expect(await collections.find('list')).toBeUndefined();
    expect((await objects.list({})).data).toHaveLength(3);
    const { id } = await collections.create({ name: 'list', kind: 'fixed' });
    expect(await collections.count(id)).toBe(0);
  });

  test('spans count back from now', async () => {
    const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);
    for (const hours of [1, 30, 200]) {
      await objects.upsert([indicator('FQDN', `h${hours}.example.com`)], {
        source: 'Feed',
        at: hoursAgo(hours),
      });
    }
    const since = async (span: string) =>
      (await objects.list({ filter: { createdSince: span } })).data.length;
    expect(await Promise.all(['30m', '2h', '2d', '2w'].map(since))).toEqual([0, 1, 2, 3]);
  });

  test('an invalid query is refused with all its problems', async () => {
    const query = {
      and: [
        { attribute: { name: 'family', op: '>', value: 'Sample' } },
        { colour: 'red' },
        { type: 'indicator', subtype: 'FQDN' },
        { value: '*a*b*c*d*' },
        { createdSince: '2026-02-30' },
        { or: [] },
      ],
    };
    const refused = collections.create({ name: 'saved', kind: 'query', query: query as never });
    const fault = (await refused.catch((error: unknown) => error)) as FaultList;
    expect(fault).toMatchObject({ code: 'QUERY_INVALID' });
    expect(fault.problems.map(({ path }) => path)).toEqual([
      '/and/0/attribute/value',
      '/and/1/colour',
      '/and/2',
      '/and/3/value',
      '/and/4/createdSince',
      '/and/5/or',
    ]);
    expect(await collections.find('saved')).toBeUndefined();
  });
}

function describeQueries(open: () => Promise<Libraries>): void {
  let objects: ObjectLibrary;
  let collections: CollectionLibrary;

  beforeAll(async () => {
    ({ objects, collections } = await open());
    await objects.upsert(OLD_DRAFTS, { source: 'Feed A', at: OLD });
    await objects.upsert(NEW_DRAFTS, { source: 'Feed B', at: NEW });
  });

  test.each([...CASES, ...ATTRIBUTE_CASES])('%j', async (query, values) => {
    const { id } = await collections.create({ name: JSON.stringify(query), kind: 'query', query });
    const { data } = await objects.list({ collectionId: id });
    expect(data.map(({ value }) => value)).toEqual(values);
    expect(await collections.count(id)).toBe(values.length);
    const { data: rest } = await objects.list({ filter: { not: query } });
    expect(data.length + rest.length).toBe(OLD_DRAFTS.length + NEW_DRAFTS.length);
  });
}
