import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { checkDocument, CONTRACT_NAMES, type ContractName } from './check/contract.js';
import { lintConfigSchema } from './config/lint-config.js';
import type { Problem } from './json/problem.js';
import { lintPluginManifest } from './plugin/parse-plugin-manifest.js';

const EXAMPLES = new URL('../../../schemas/examples/', import.meta.url);

/** The whole check of a document of a contract, beyond its JSON Schema where there is more. */
const CHECKS: Partial<Record<ContractName, (document: unknown) => Problem[]>> = {
  'plugin-manifest': lintPluginManifest,
  'config-subset': lintConfigSchema,
  'output-subset': (document) => lintConfigSchema(document, { role: 'output' }),
};

function filesOf(kind: 'valid' | 'invalid', name: ContractName): { file: string; json: unknown }[] {
  const folder = new URL(`${kind}/${name}/`, EXAMPLES);
  return readdirSync(folder).map((file) => ({
    file,
    json: JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as unknown,
  }));
}

describe.each(CONTRACT_NAMES)('the examples of the contract %s', (name) => {
  const check = CHECKS[name] ?? ((document: unknown) => checkDocument(name, document));

  it.each(filesOf('valid', name))('take $file', ({ json }) => {
    expect(check(json)).toEqual([]);
  });

  it.each(filesOf('invalid', name))('refuse $file, with all its problems', ({ json }) => {
    const { expect: expected, document } = json as {
      expect: { code: string; path: string }[];
      document: unknown;
    };
    const told = check(document).map(({ code, path }) => ({ code, path }));
    expect(sorted(told)).toEqual(sorted(expected));
  });

  it('are there', () => {
    expect(filesOf('valid', name).length).toBeGreaterThanOrEqual(2);
    expect(filesOf('invalid', name).length).toBeGreaterThanOrEqual(3);
  });
});

it('has no examples of a contract that is not there', () => {
  for (const kind of ['valid', 'invalid']) {
    expect(readdirSync(new URL(kind, EXAMPLES)).toSorted()).toEqual([...CONTRACT_NAMES].toSorted());
  }
});

function sorted(problems: { code: string; path: string }[]): string[] {
  return problems.map(({ code, path }) => `${path} ${code}`).toSorted();
}
