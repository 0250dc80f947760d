import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkConfig } from './check-config.js';
import { lintConfigSchema } from './lint-config.js';

const LABELS = { title: 'Field', description: 'A field.' };

function schemaWith(field: unknown): unknown {
  return { type: 'object', additionalProperties: false, properties: { field } };
}

function codesOf(schema: unknown, role: 'config' | 'connection' = 'config'): string[] {
  return lintConfigSchema(schema, { role }).map(({ code, path }) => `${path} ${code}`);
}

describe('lintConfigSchema', () => {
  it.each(['apiKey', 'apiToken', 'token', 'password', 'clientSecret', 'privateKey', 'accessKey', 'userPwd'])(
    'refuses the text %s in a config and takes it as a secret of a connection',
    (name) => {
      const schema = (secret: object) => ({
        type: 'object',
        additionalProperties: false,
        properties: { [name]: { type: 'string', ...LABELS, ...secret } },
      });
      expect(codesOf(schema({}))).toEqual([`/properties/${name} SECRET_IN_CONFIG`]);
      expect(codesOf(schema({ 'x-secret': true }), 'connection')).toEqual([]);
    },
  );

  it.each(['tokenize', 'maxTokens', 'passwordless', 'secretary', 'keyName', 'author'])(
    'takes the text %s in a config',
    (name) => {
      const properties = { [name]: { type: 'string', ...LABELS } };
      expect(codesOf({ type: 'object', additionalProperties: false, properties })).toEqual([]);
    },
  );

  it('looks for secrets and patterns in groups, lists and choices too', () => {
    const inner = { type: 'string', ...LABELS, pattern: '(a+)+' };
    const closed = { additionalProperties: false };
    const kind = { type: 'string', ...LABELS };
    const schema = {
      type: 'object',
      ...closed,
      properties: {
        group: { type: 'object', ...LABELS, ...closed, properties: { password: inner } },
        list: { type: 'array', ...LABELS, items: { type: 'string', pattern: '(a+)+' } },
        choice: {
          type: 'object',
          ...LABELS,
          oneOf: ['a', 'b'].map((name) => ({
            title: name,
            ...closed,
            required: ['kind'],
            properties: { kind: { ...kind, const: name }, [`${name}Token`]: inner },
          })),
        },
      },
    };
    expect(codesOf(schema)).toEqual([
      '/properties/choice/oneOf/0/properties/aToken SECRET_IN_CONFIG',
      '/properties/choice/oneOf/0/properties/aToken/pattern PATTERN_UNSAFE',
      '/properties/choice/oneOf/1/properties/bToken SECRET_IN_CONFIG',
      '/properties/choice/oneOf/1/properties/bToken/pattern PATTERN_UNSAFE',
      '/properties/group/properties/password SECRET_IN_CONFIG',
      '/properties/group/properties/password/pattern PATTERN_UNSAFE',
      '/properties/list/items/pattern PATTERN_UNSAFE',
    ]);
  });

  it('keeps a connection flat', () => {
    expect(
      codesOf(schemaWith({ type: 'array', ...LABELS, items: { type: 'string' } }), 'connection'),
    ).toEqual(['/properties/field/type VALUE_NOT_ALLOWED']);
  });

  it('refuses a schema over 64 KiB, and one that is nested without end', () => {
    const many = Array.from({ length: 500 }, (_, index) => `value-${index}-${'x'.repeat(140)}`);
    expect(codesOf(schemaWith({ type: 'string', ...LABELS, enum: many }))).toEqual([' DOCUMENT_TOO_LARGE']);
    let deep: unknown = { type: 'boolean', ...LABELS };
    for (let level = 0; level < 10_000; level++) deep = { type: 'array', ...LABELS, items: deep };
    expect(codesOf(schemaWith(deep))[0]).toMatch(/DOCUMENT_TOO_DEEP$/);
  });

  it('tries no default while its pattern is not known to be cheap', () => {
    const started = performance.now();
    const schema = schemaWith({
      type: 'string',
      ...LABELS,
      pattern: '^(a|a)*$',
      default: `${'a'.repeat(40)}!`,
    });
    expect(codesOf(schema)).toEqual(['/properties/field/pattern PATTERN_UNSAFE']);
    expect(performance.now() - started).toBeLessThan(500);
  });

  it('stands any JSON value, and what it lets pass can be used', () => {
    const text = fc.constantFrom(
      'string',
      'object',
      'array',
      'boolean',
      'number',
      'a',
      '^a*$',
      '(a+)+',
      'field',
    );
    const scalar = fc.oneof(text, fc.integer({ min: -2, max: 5 }), fc.boolean(), fc.constant(null));
    const keyword = fc.constantFrom(
      ...'type title description default enum const minimum maximum minLength pattern format items'.split(
        ' ',
      ),
      ...'properties required additionalProperties oneOf if then $ref x-secret x-ui x-columns'.split(' '),
      ...'uniqueItems __proto__ field constructor'.split(' '),
    );
    const { node } = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        scalar,
        fc.dictionary(keyword, tie('node'), { maxKeys: 6, noNullPrototype: true }),
        fc.array(tie('node'), { maxLength: 3 }),
      ),
    }));
    const labelled = node.map((made) =>
      typeof made === 'object' ? { type: 'string', ...LABELS, ...made } : made,
    );
    fc.assert(
      fc.property(fc.oneof(node, labelled.map(schemaWith)), (schema) => {
        for (const role of ['config', 'connection'] as const) {
          const problems = lintConfigSchema(schema, { role });
          for (const each of problems)
            expect(each).toMatchObject({
              path: expect.any(String),
              message: expect.stringMatching(/\.$|\?$/),
            });
          checkConfig(schema, { field: 'a' }, { role });
        }
      }),
      { numRuns: 600 },
    );
  });
});
