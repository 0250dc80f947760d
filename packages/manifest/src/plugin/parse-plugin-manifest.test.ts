import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { type FaultList, isFault } from '@drover/model';
import fc from 'fast-check';
import { parseBundleManifest, parseFileList } from './parse-bundle.js';
import { lintPluginManifest, parsePluginManifest } from './parse-plugin-manifest.js';

function example(name: string): Record<string, unknown> {
  const file = new URL(`../../../../schemas/examples/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
}

function faultOf(parse: () => unknown): FaultList {
  try {
    parse();
  } catch (thrown) {
    if (isFault(thrown)) return thrown as FaultList;
  }
  throw new Error('no fault');
}

describe('parsePluginManifest', () => {
  it('gives a new value that says the same', () => {
    const json = example('valid/plugin-manifest/full-action');
    const manifest = parsePluginManifest(json);
    expect(manifest).toEqual(json);
    expect(manifest).not.toBe(json);
    expect(manifest.limits).not.toBe(json.limits);
  });

  it('spells object types and subtypes as the registry does', () => {
    const { accepts } = parsePluginManifest(example('valid/plugin-manifest/whole-collection-action'));
    expect(accepts).toEqual([{ type: 'indicator', subtypes: ['MD5', 'SHA-256'] }]);
    expect(parsePluginManifest(example('valid/plugin-manifest/feed')).produces).toEqual([
      { type: 'incident' },
    ]);
  });

  it('gives a command a run of one', () => {
    expect(parsePluginManifest(example('valid/plugin-manifest/command')).limits).toEqual({
      timeoutMs: 30_000,
      objectsPerRun: { default: 1, max: 1 },
      batch: { objects: 1 },
    });
  });

  it('throws one fault with all problems, in the order of their places, each saying what to do', () => {
    const { document } = example('invalid/plugin-manifest/everything-at-once');
    const fault = faultOf(() =>
      parsePluginManifest(document, { path: 'plugins/acme.block-domains/plugin.json' }),
    );
    expect(fault.code).toBe('MANIFEST_INVALID');
    expect(fault.message).toMatch(
      /^plugins\/acme\.block-domains\/plugin\.json has 11 problems, first at \/accepts/,
    );
    const paths = fault.problems.map(({ path }) => path);
    expect(paths).toEqual(paths.toSorted());
    expect(fault.problems).toContainEqual({
      code: 'PROPERTY_MISSING',
      path: '/vendor',
      message: expect.stringMatching(/^“vendor” is missing: add it\. The vendor's name\./),
    });
    expect(fault.problems).toContainEqual({
      code: 'VALUE_NOT_ALLOWED',
      path: '/triggers/0',
      message: '“manul” is not allowed here: did you mean “manual”?',
    });
  });

  it('does not look into what is too large or too deep', () => {
    const large = {
      ...example('valid/plugin-manifest/minimal-action'),
      description: 'x'.repeat(1024 * 1024),
    };
    expect(lintPluginManifest(large)).toEqual([
      expect.objectContaining({ code: 'DOCUMENT_TOO_LARGE', path: '' }),
    ]);
    const deep = JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`) as unknown;
    expect(lintPluginManifest(deep)).toEqual([expect.objectContaining({ code: 'DOCUMENT_TOO_DEEP' })]);
  });

  it('repeats no control characters of the document in its messages', () => {
    const spoiled = {
      ...example('valid/plugin-manifest/minimal-action'),
      '\u001b[2J\u202eevil': 1,
      kind: '\u0007job',
    };
    for (const { message } of lintPluginManifest(spoiled)) expect(message).not.toMatch(/\p{C}/u);
  });

  it('never throws, whatever is put in the place of a part', () => {
    const base = JSON.stringify(example('valid/plugin-manifest/full-action'));
    const places = placesOf(JSON.parse(base), []);
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.jsonValue({ maxDepth: 3 }), (place, junk) => {
        const manifest = JSON.parse(base) as Record<string, unknown>;
        const parent = place
          .slice(0, -1)
          .reduce<Record<string, unknown>>((at, key) => at[key] as Record<string, unknown>, manifest);
        parent[place.at(-1) as string] = junk;
        for (const { code, path } of lintPluginManifest(manifest)) {
          expect(code).toMatch(/^[A-Z_]+$/);
          expect(path === '' || path.startsWith('/')).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });
});

function placesOf(part: unknown, place: string[]): string[][] {
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([key, member]) => [
    [...place, key],
    ...placesOf(member, [...place, key]),
  ]);
}

describe('parseBundleManifest', () => {
  it('gives a new value', () => {
    const json = example('valid/bundle/several-plugins');
    expect(parseBundleManifest(json)).toEqual(json);
  });

  it('throws one fault with all problems', () => {
    const fault = faultOf(() => parseBundleManifest({ name: 'Acme', plugins: [] }));
    expect(fault.code).toBe('MANIFEST_INVALID');
    expect(fault.problems.length).toBe(8);
  });
});

describe('parseFileList', () => {
  it('gives a new value', () => {
    const json = example('valid/bundle-files/small-bundle');
    expect(parseFileList(json)).toEqual(json);
  });

  it('throws one fault with all problems', () => {
    const fault = faultOf(() => parseFileList({ files: { '../a': 'x', 'b.js': 'y' } }));
    expect(fault.code).toBe('BUNDLE_LIST_INVALID');
    expect(fault.problems.map(({ path }) => path)).toEqual(['/files/..~1a', '/files/..~1a', '/files/b.js']);
  });
});
