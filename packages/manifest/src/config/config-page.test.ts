import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { checkConfig, checkOutput } from './check-config.js';
import { lintConfigSchema } from './lint-config.js';
import { patternProblem } from './pattern-cost.js';

interface Refused {
  value: unknown;
  problems: { code: string; path: string }[];
}

const page = readFileSync(new URL('../../../../docs/config-schemas.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/```json ([a-z-]+)\n(.*?)```/gs)].map(([, kind, text]) => ({
  kind: kind!,
  json: JSON.parse(text!) as unknown,
}));

/** What a block of each kind claims, given the schema and the value before it. */
const CLAIMS: Record<string, (json: unknown, before: { schema?: unknown; value?: unknown }) => void> = {
  schema: (json) => expect(lintConfigSchema(json)).toEqual([]),
  connection: (json) => expect(lintConfigSchema(json, { role: 'connection' })).toEqual([]),
  output: (json) => expect(lintConfigSchema(json, { role: 'output' })).toEqual([]),
  'output-fits': (json, { schema }) => expect(checkOutput(schema, json)).toEqual([]),
  'output-differs': (json, { schema }) => {
    const { value, problems } = json as Refused;
    expect(checkOutput(schema, value)).toMatchObject(problems);
  },
  value: (json, { schema }) => expect(checkConfig(schema, json)).toMatchObject({ ok: true }),
  filled: (json, { schema, value }) => expect(checkConfig(schema, value)).toEqual({ ok: true, config: json }),
  refused: (json, { schema }) => {
    const { value, problems } = json as Refused;
    expect(checkConfig(schema, value)).toEqual({
      ok: false,
      problems: problems.map((each) => expect.objectContaining(each)),
    });
  },
  'safe-patterns': (json) =>
    expect((json as string[]).map(patternProblem)).toEqual((json as string[]).map(() => undefined)),
  'unsafe-patterns': (json) => {
    for (const pattern of json as string[]) expect(patternProblem(pattern)).toMatch(/^The pattern /);
  },
};

it('docs/config-schemas.md shows examples of every kind that do what it says', () => {
  const before: { schema?: unknown; value?: unknown } = {};
  for (const { kind, json } of blocks) {
    CLAIMS[kind]!(json, before);
    if (kind === 'output') before.schema = json;
    if (kind === 'schema' || kind === 'value') before[kind] = json;
  }
  expect(new Set(blocks.map(({ kind }) => kind))).toEqual(new Set(Object.keys(CLAIMS)));
});
