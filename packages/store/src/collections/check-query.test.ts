import { describe, expect, test } from '@jest/globals';
import type { FaultList } from '@drover/model';
import { MAX_QUERY_DEPTH, MAX_QUERY_NODES, checkQuery } from './check-query.js';

function problemsOf(query: unknown): [string | undefined, string][] {
  try {
    checkQuery(query);
  } catch (error) {
    const fault = error as FaultList;
    expect(fault.code).toBe('QUERY_INVALID');
    return fault.problems.map(({ path, message }) => [path, message]);
  }
  return [];
}

function nested(depth: number): unknown {
  return depth === 1 ? { type: 'asset' } : { not: nested(depth - 1) };
}

describe('checkQuery', () => {
  test('gives a good query back', () => {
    const query = {
      and: [{ attribute: { name: 'score', op: '>', value: 0 } }, { not: { value: '*a*b*c*' } }],
    };
    expect(checkQuery(query)).toEqual(query);
  });

  test('gives types and subtypes their canonical spelling', () => {
    const query = {
      and: [{ type: 'IOCs' }, { or: [{ not: { subtype: 'sha256' } }, { subtype: 'domain' }] }],
    };
    expect(checkQuery(query)).toEqual({
      and: [{ type: 'indicator' }, { or: [{ not: { subtype: 'SHA-256' } }, { subtype: 'FQDN' }] }],
    });
  });

  test.each<[unknown, string, RegExp]>([
    [null, '', /object with one key/],
    [[], '', /object with one key/],
    ['type', '', /object with one key/],
    [{}, '', /exactly one key, this one 0/],
    [{ type: 'asset', status: 'b' }, '', /exactly one key, this one 2/],
    [{ colour: 'red' }, '/colour', /no predicate "colour"/],
    [{ 'a/b~c': 1 }, '/a~1b~0c', /no predicate/],
    [{ and: [] }, '/and', /at least one/],
    [{ or: { type: 'a' } }, '/or', /at least one/],
    [{ not: 'x' }, '/not', /object with one key/],
    [{ type: '' }, '/type', /1 to 2048 characters/],
    [{ type: 'indicatr' }, '/type', /no object type "indicatr", perhaps "indicator" is meant/],
    [{ subtype: 'SHA-255' }, '/subtype', /no subtype "SHA-255" of indicators, perhaps "SHA-256" is meant/],
    [{ subtype: 'x'.repeat(2_000) }, '/subtype', /no subtype "x{59}…" of indicators; one is "SHA-256"/],
    [{ source: 5 }, '/source', /1 to 2048 characters/],
    [{ value: 'x'.repeat(2_049) }, '/value', /1 to 2048 characters/],
    [{ value: '*****' }, '/value', /at most 4 "\*", this one 5/],
    [{ createdSince: 'yesterday' }, '/createdSince', /ISO 8601/],
    [{ updatedSince: 7 }, '/updatedSince', /ISO 8601/],
    [{ attribute: 'score' }, '/attribute', /"name", "op" and "value"/],
    [{ attribute: { name: '', op: 'exists' } }, '/attribute/name', /1 to 2048/],
    [{ attribute: { name: 'a', op: '~', value: 'x' } }, '/attribute/op', /one of = != > >= < <= exists/],
    [{ attribute: { name: 'a', op: 'exists', value: 1 } }, '/attribute/value', /takes no value/],
    [{ attribute: { name: 'a', op: '=' } }, '/attribute/value', /text, a finite number/],
    [{ attribute: { name: 'a', op: '=', value: NaN } }, '/attribute/value', /text, a finite number/],
    [
      { attribute: { name: 'a', op: '<', value: 'x' } },
      '/attribute/value',
      /numbers only and this is a text/,
    ],
    [
      { attribute: { name: 'a', op: '<=', value: true } },
      '/attribute/value',
      /numbers only and this is a boolean/,
    ],
    [{ attribute: { name: 'a', op: '=', value: 1, kind: 'x' } }, '/attribute/kind', /no key "kind"/],
    [nested(MAX_QUERY_DEPTH + 1), '/not'.repeat(MAX_QUERY_DEPTH), /at most 8 deep/],
  ])('%j is refused at %s', (query, path, message) => {
    expect(problemsOf(query)).toEqual([[path, expect.stringMatching(message)]]);
  });

  test('takes a query as deep and as large as is allowed, and no larger', () => {
    expect(problemsOf(nested(MAX_QUERY_DEPTH))).toEqual([]);
    const wide = (nodes: number) => ({ or: Array.from({ length: nodes - 1 }, () => ({ type: 'asset' })) });
    expect(problemsOf(wide(MAX_QUERY_NODES))).toEqual([]);
    expect(problemsOf(wide(MAX_QUERY_NODES + 1))).toEqual([
      ['/or/63', expect.stringMatching(/at most 64 nodes/)],
    ]);
    expect(problemsOf(wide(100_000))).toHaveLength(1);
  });

  test('tells all problems at once, the first of them in its sentence', () => {
    const query = { and: [{ type: '' }, { or: [{ status: 1 }, { nothing: 1 }] }] };
    expect(problemsOf(query).map(([path]) => path)).toEqual([
      '/and/0/type',
      '/and/1/or/0/status',
      '/and/1/or/1/nothing',
    ]);
    expect(() => checkQuery(query)).toThrow(/at \/and\/0\/type .* 2 more problems/);
  });
});
