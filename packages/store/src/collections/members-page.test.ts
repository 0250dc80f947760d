import { beforeAll, describe, expect, test } from '@jest/globals';
import type { AttributeValue, CollectionQuery, DroverObject, ObjectDraft } from '@drover/model';
import { describeDatabases } from '@drover/testing/databases/describe-databases';
import {
  type Arbitrary,
  array,
  assert,
  asyncProperty,
  constantFrom,
  letrec,
  oneof,
  record,
} from 'fast-check';
import { sql } from 'kysely';
import type { Database } from '../database/database.js';
import { KyselyObjectLibrary } from '../objects/kysely-object-library.js';
import { KyselyCollectionLibrary } from './kysely-collection-library.js';
import { type MemberSet, memberSetOf } from './member-set.js';
import { type Member, pageOfMembers } from './members-page.js';

const TIMES = [Date.UTC(2026, 0, 1), Date.UTC(2026, 1, 1), Date.UTC(2026, 2, 1)];
const VALUES = ['a.example.com', 'ab.example.com', 'b.example.com', 'A', 'b*', '[b]'];
const ATTRIBUTE_VALUES: AttributeValue[] = ['1', 1, 2, -5, 'x', true, false];

/** Every mix of the parts that queries speak of. */
const DRAFTS: { draft: ObjectDraft; source: string; at: number }[] = VALUES.flatMap((value, v) =>
  ['indicator', 'asset'].flatMap((type, t) =>
    TIMES.map((at, n) => ({
      source: `Feed ${(v + n) % 2}`,
      at,
      draft: {
        type,
        ...(type === 'asset' ? {} : { subtype: n % 2 === 0 ? 'FQDN' : 'URL' }),
        value: `${value}${n === 2 ? '' : n}`,
        attributes: [
          { name: 'score', value: ATTRIBUTE_VALUES[(v + n) % 7]! },
          ...(t === 0 ? [{ name: 'score', value: ATTRIBUTE_VALUES[(v * 2 + n) % 7]! }] : []),
        ],
        ...(n === 1 ? { status: v % 2 === 0 ? 'active' : 'expired' } : {}),
      },
    })),
  ),
);

const LEAF: Arbitrary<CollectionQuery> = oneof(
  constantFrom<CollectionQuery>(
    { type: 'indicator' },
    { type: 'asset' },
    { type: 'campaign' },
    { subtype: 'FQDN' },
    { status: 'active' },
    { source: 'Feed 0' },
    { createdSince: '2026-02-01' },
    { updatedSince: '2026-03-01' },
  ),
  constantFrom('a*', 'A*', '*.com', 'a*com', '*', '*b*', 'b*', '[b]*', 'a.example.com', '**a*').map(
    (value) => ({ value }),
  ),
  record({
    name: constantFrom('score', 'nothing'),
    op: constantFrom('=' as const, '!=' as const),
    value: constantFrom(...ATTRIBUTE_VALUES),
  }).map((attribute) => ({ attribute })),
  record({
    name: constantFrom('score'),
    op: constantFrom('>' as const, '>=' as const, '<' as const, '<=' as const),
    value: constantFrom(1, -5, 0.5),
  }).map((attribute) => ({ attribute })),
  constantFrom<CollectionQuery>({ attribute: { name: 'score', op: 'exists' } }),
);

const { query: QUERY } = letrec<{ query: CollectionQuery }>((tie) => ({
  query: oneof(
    { maxDepth: 3, withCrossShrink: true },
    LEAF,
    array(tie('query'), { minLength: 1, maxLength: 3 }).map((and) => ({ and })),
    array(tie('query'), { minLength: 1, maxLength: 3 }).map((or) => ({ or })),
    tie('query').map((not) => ({ not })),
  ),
}));

/** What a query means, said a second time in plain code. */
function holds(query: CollectionQuery, object: DroverObject): boolean {
  if ('and' in query) return query.and.every((part) => holds(part, object));
  if ('or' in query) return query.or.some((part) => holds(part, object));
  if ('not' in query) return !holds(query.not, object);
  if ('type' in query) return object.type === query.type;
  if ('subtype' in query) return object.subtype === query.subtype;
  if ('status' in query) return object.status === query.status;
  if ('source' in query) return object.sources.includes(query.source);
  if ('createdSince' in query) return Date.parse(object.createdAt) >= Date.parse(query.createdSince);
  if ('updatedSince' in query) return Date.parse(object.updatedAt) >= Date.parse(query.updatedSince);
  if ('value' in query) {
    const pattern = query.value.replaceAll(/[.[\]]/g, String.raw`\$&`).replaceAll('*', '.*');
    return new RegExp(`^${pattern}$`).test(object.value);
  }
  const { name, op, value } = query.attribute;
  return object.attributes.some((attribute) => {
    if (attribute.name !== name) return false;
    if (op === 'exists') return true;
    if (typeof attribute.value !== typeof value) return false;
    const [left, right] = [attribute.value, value!];
    return {
      '=': left === right,
      '!=': left !== right,
      '>': left > right,
      '>=': left >= right,
      '<': left < right,
      '<=': left <= right,
    }[op];
  });
}

async function allMembers(database: Database, set: MemberSet, limit: number): Promise<Member[]> {
  const members: Member[] = [];
  for (;;) {
    const page = await pageOfMembers(database, set, { afterSeq: members.at(-1)?.seq ?? 0, limit });
    members.push(...page);
    if (page.length < limit) return members;
  }
}

describeDatabases('members', (open) => {
  describe('of any query', () => {
    let database: Database;
    let objects: DroverObject[];
    let list: MemberSet;

    beforeAll(async () => {
      database = await open();
      const library = new KyselyObjectLibrary(database);
      const collections = new KyselyCollectionLibrary(database);
      const { id: collectionId } = await collections.create({ name: 'list', kind: 'fixed' });
      for (const [n, { draft, source, at }] of DRAFTS.entries()) {
        const membership = n % 3 === 0 ? {} : { collectionId };
        await library.upsert([draft], { source, at: new Date(at), ...membership });
      }
      objects = (await library.list({ limit: 1_000 })).data;
      list = memberSetOf({ id: collectionId, kind: 'fixed', query: null });
    });

    test.each([
      ['few objects, read from an index', { dull: 0, limits: [1, 7, 1_000], numRuns: 60 }],
      ['many objects, met on a walk through the library', { dull: 10_500, limits: [40, 1_000], numRuns: 30 }],
    ])(
      'are those that meet it: %s',
      async (_, { dull, limits, numRuns }) => {
        // Objects that no query above speaks of, so many that no index is worth it.
        await fillUp(database, dull);
        const listedSeqs = new Set((await allMembers(database, list, 1_000)).map(({ seq }) => seq));
        await assert(
          asyncProperty(QUERY, constantFrom(...limits), async (query, limit) => {
            const rest: CollectionQuery = { not: { type: 'tool' } };
            const meant = objects
              .filter((object) => holds(query, object))
              .map(({ value, type }) => [type, value]);
            const set = { query: dull === 0 ? query : { and: [query, rest] } };
            const found = await allMembers(database, set, limit);
            expect(found.map(({ value, type }) => [type, value])).toEqual(meant);
            const onList = await allMembers(database, { ...list, ...set }, limit);
            expect(onList).toEqual(found.filter(({ seq }) => listedSeqs.has(seq)));
          }),
          { numRuns },
        );
      },
      60_000,
    );
  });

  test('pages go on where the last one ended, whatever comes and goes', async () => {
    const database = await open();
    const library = new KyselyObjectLibrary(database);
    const add = (from: number) =>
      library.upsert(
        Array.from({ length: 10 }, (_, n) => ({ type: 'asset', value: `host ${from + n}` })),
        { source: 'Feed', at: new Date(0) },
      );
    await add(0);
    const query: CollectionQuery = { value: 'host*' };
    const first = await pageOfMembers(database, { query }, { afterSeq: 0, limit: 6 });
    await add(10);
    const second = await pageOfMembers(database, { query }, { afterSeq: first.at(-1)!.seq, limit: 100 });
    expect([...first, ...second].map(({ value }) => value)).toEqual(
      Array.from({ length: 20 }, (_, n) => `host ${n}`),
    );
    expect(first[0]).toEqual({
      seq: expect.any(Number),
      type: 'asset',
      subtype: '',
      value: 'host 0',
      status: null,
      revision: 1,
    });
  });
});

async function fillUp(database: Database, objects: number): Promise<void> {
  if (objects === 0) return;
  const numbers = sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${sql.lit(objects)})`;
  await sql`${numbers} insert into objects
    (seq, id, type, subtype, value, value_key, status, revision, created_at, updated_at)
    select 1000 + i, 'obj_' || i, 'tool', 'FQDN', 'a' || i || '.com', 'a' || i || '.com', 'active', 1,
      cast(${TIMES[2]!} as bigint), cast(${TIMES[2]!} as bigint) from n`.execute(database.kysely);
  await sql`insert into object_sources (object_seq, source, first_seen_at, last_seen_at)
    select seq, 'Feed 0', 0, 0 from objects where type = 'tool'`.execute(database.kysely);
  await sql`insert into attributes
    (object_seq, name, source, kind, text_value, value_key, number_value, at)
    select seq, 'score', 'Feed 0', 'number', '1', '1', 1, 0 from objects where type = 'tool'`.execute(
    database.kysely,
  );
}
