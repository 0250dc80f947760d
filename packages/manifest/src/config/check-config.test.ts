import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkConfig } from './check-config.js';

const example = JSON.parse(
  readFileSync(
    new URL('../../../../schemas/examples/valid/config-subset/every-keyword.json', import.meta.url),
    'utf8',
  ),
) as Record<string, unknown>;

function schemaOf(properties: Record<string, object>, more: object = {}): Record<string, unknown> {
  const named = Object.entries(properties).map(([name, property]) => [
    name,
    { title: name, description: `The ${name}.`, ...property },
  ]);
  return { type: 'object', additionalProperties: false, properties: Object.fromEntries(named), ...more };
}

function problemsOf(schema: unknown, value: unknown): string[] {
  const result = checkConfig(schema, value);
  return result.ok ? [] : result.problems.map(({ code, path }) => `${path} ${code}`);
}

describe('checkConfig', () => {
  it('fills defaults into a new value, in groups and in the branch taken, and leaves the input alone', () => {
    const input = { listName: 'Blocked', deploy: { when: 'end' } };
    const before = structuredClone(input);
    expect(checkConfig(example, input)).toEqual({
      ok: true,
      config: { listName: 'Blocked', mode: 'append', keep: 0, deploy: { when: 'end' }, tags: [] },
    });
    expect(input).toEqual(before);
  });

  it('fills defaults inside a default and inside list items', () => {
    const item = schemaOf({ size: { type: 'integer', default: 3 } });
    const schema = schemaOf({
      group: { ...item, default: {} },
      list: { type: 'array', items: item },
    });
    expect(checkConfig(schema, { list: [{}, { size: 1 }] })).toEqual({
      ok: true,
      config: { group: { size: 3 }, list: [{ size: 3 }, { size: 1 }] },
    });
  });

  it('gives each caller defaults of its own', () => {
    const schema = schemaOf({ tags: { type: 'array', items: { type: 'string' }, default: ['a'] } });
    const first = checkConfig(schema, {});
    if (first.ok) (first.config.tags as string[]).push('b');
    expect(checkConfig(schema, {})).toEqual({ ok: true, config: { tags: ['a'] } });
  });

  it('tells every problem at once, with place and advice', () => {
    const result = checkConfig(example, {
      listNam: 'x',
      mode: 'apend',
      keep: -10,
      tags: ['a', 'a', ''],
      deploy: { when: 'end', notes: '' },
    });
    expect(result).toEqual({
      ok: false,
      problems: [
        {
          code: 'PROPERTY_UNKNOWN',
          path: '/deploy/notes',
          message: expect.stringContaining('Did you mean “note”?'),
        },
        { code: 'VALUE_OUT_OF_BOUNDS', path: '/keep', message: '“Keep” must be at least 0.' },
        {
          code: 'PROPERTY_UNKNOWN',
          path: '/listNam',
          message: '“listNam” is not known here. Did you mean “listName”?',
        },
        {
          code: 'PROPERTY_MISSING',
          path: '/listName',
          message: '“listName” is missing: add it. Exact name of an existing list.',
        },
        {
          code: 'VALUE_NOT_ALLOWED',
          path: '/mode',
          message: '“apend” is not allowed here: did you mean “append”?',
        },
        { code: 'VALUE_DOUBLED', path: '/tags/1', message: '“Tags” has the same item twice: remove one.' },
        { code: 'VALUE_OUT_OF_BOUNDS', path: '/tags/2', message: 'The value must not be empty.' },
      ],
    });
  });

  it('counts in steps', () => {
    const schema = schemaOf({ size: { type: 'integer', minimum: 10, multipleOf: 10 } });
    expect(checkConfig(schema, { size: 30 })).toEqual({ ok: true, config: { size: 30 } });
    expect(checkConfig(schema, { size: 15 })).toEqual({
      ok: false,
      problems: [{ code: 'VALUE_OUT_OF_BOUNDS', path: '/size', message: '“size” must be a multiple of 10.' }],
    });
  });

  it('tells of the branch taken only, and of a discriminator that is not known', () => {
    expect(problemsOf(example, { listName: 'x', deploy: { when: 'never', note: 'x' } })).toEqual([
      '/deploy/note PROPERTY_UNKNOWN',
    ]);
    expect(problemsOf(example, { listName: 'x', deploy: { when: 'now' } })).toEqual([
      '/deploy/when VALUE_NOT_ALLOWED',
    ]);
    expect(problemsOf(example, { listName: 'x', deploy: {} })).toEqual(['/deploy/when PROPERTY_MISSING']);
  });

  it.each([
    ['date', '2026-02-28', '2026-02-30'],
    ['date-time', '2026-02-28T10:00:00Z', '2026-02-28 10:00'],
    ['duration', 'P1DT2H', '1 day'],
    ['email', 'jo@example.com', 'jo@'],
    ['hostname', 'www.example.com', 'www_example.com'],
    ['ipv4', '192.0.2.1', '192.0.2.256'],
    ['ipv6', '2001:db8::1', '2001:db8::g'],
    ['json-pointer', '/a~1b/0', 'a/b'],
    ['time', '10:00:00Z', '25:00:00Z'],
    ['uri', 'https://example.com/a', 'example.com/a'],
    ['uuid', '0192f3a4-b5c6-7d8e-9fa0-b1c2d3e4f506', '0192f3a4'],
  ])('knows the format %s', (format, good, bad) => {
    const schema = schemaOf({ field: { type: 'string', format } });
    expect(problemsOf(schema, { field: good })).toEqual([]);
    expect(problemsOf(schema, { field: bad })).toEqual(['/field VALUE_MALFORMED']);
  });

  it('runs no pattern and no format on a text of any length', () => {
    const schema = schemaOf({
      name: { type: 'string', pattern: '^a*$' },
      address: { type: 'string', format: 'email' },
    });
    const started = performance.now();
    expect(problemsOf(schema, { name: 'a'.repeat(1024) })).toEqual([]);
    expect(problemsOf(schema, { name: 'a'.repeat(1025), address: `${'a-'.repeat(50_000)}@` })).toEqual([
      '/address VALUE_MALFORMED',
      '/name VALUE_MALFORMED',
    ]);
    expect(performance.now() - started).toBeLessThan(500);
  });

  it('refuses what is too large or too deep before it looks closer', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 50_000; level++) deep = [deep];
    expect(problemsOf(example, { listName: deep })[0]).toMatch(/DOCUMENT_TOO_DEEP$/);
    expect(problemsOf(example, { listName: 'x'.repeat(300_000) })).toEqual([' DOCUMENT_TOO_LARGE']);
    const cycle: Record<string, unknown> = {};
    cycle.listName = cycle;
    expect(problemsOf(example, cycle)[0]).toMatch(/DOCUMENT_TOO_DEEP$/);
  });

  it.each([[undefined], [() => 1], [10n], [new Date(0)], [{ listName: Number.NaN }], [Symbol('x')]])(
    'says that %p is not JSON',
    (value) => {
      expect(problemsOf(example, value)[0]).toMatch(/DOCUMENT_NOT_JSON$/);
    },
  );

  it('takes members that are undefined for absent', () => {
    expect(problemsOf(example, { listName: 'x', keep: undefined })).toEqual([]);
  });

  it('refuses every value when the schema itself is not sound', () => {
    expect(problemsOf({ type: 'object' }, {})).toContain('/properties PROPERTY_MISSING');
    expect(problemsOf(true, {})).toEqual([' VALUE_WRONG_TYPE']);
  });

  it('says of what a condition asks for what it means', () => {
    const schema = schemaOf(
      {
        mode: { type: 'string' },
        sure: { type: 'boolean', default: false, description: 'Say that you are.' },
      },
      {
        if: { properties: { mode: { const: 'wipe' } }, required: ['mode'] },
        // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
        then: { required: ['sure'], properties: { sure: { const: true } } },
      },
    );
    expect(checkConfig(schema, { mode: 'look' }).ok).toBe(true);
    const message = '“false” is not allowed here: use “true”. Say that you are.';
    expect(checkConfig(schema, { mode: 'wipe' })).toEqual({
      ok: false,
      problems: [{ code: 'VALUE_NOT_ALLOWED', path: '/sure', message }],
    });
  });

  it('is not led astray by names of prototypes', () => {
    const value: unknown = JSON.parse('{"listName":"x","__proto__":{"mode":"replace"},"constructor":1}');
    expect(problemsOf(example, value)).toEqual([
      '/__proto__ PROPERTY_UNKNOWN',
      '/constructor PROPERTY_UNKNOWN',
    ]);
    const schema = schemaOf({ constructor: { type: 'string' } }, { required: ['constructor'] });
    expect(problemsOf(schema, {})).toEqual(['/constructor PROPERTY_MISSING']);
  });

  it('never throws and never changes its input, for any JSON value', () => {
    const member = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('append', 'replace', 'x', 0, [], {}, { when: 'end' }),
    );
    const near = fc.record(
      { listName: member, mode: member, keep: member, deploy: member, tags: member, other: member },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue({ maxDepth: 6 }), near), (value) => {
        const before = JSON.stringify(value);
        const result = checkConfig(example, value);
        expect(JSON.stringify(value)).toBe(before);
        // What was filled in is sound itself and has nothing left to fill.
        if (result.ok) expect(checkConfig(example, result.config)).toEqual(result);
        else expect(result.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});
