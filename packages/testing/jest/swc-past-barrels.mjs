import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import swc from '@swc/jest';
import { Barrels } from '../../../runtime/scripts/barrels.mjs';

const PACKAGE = /^@drover(?:-plugins)?\//;
/** A line at the head of a module: blank, of a comment, or an import. */
const HEAD_LINE = /^(?:$|\s*(?:\/\/|\/?\*)|import |export .* from ')/;
/** What was transformed by another version of this is of no use. */
const OWN_CODE = ['./swc-past-barrels.mjs', '../../../runtime/scripts/barrels.mjs'].map((path) =>
  readFileSync(new URL(path, import.meta.url)),
);

/**
 * Jest's transformer by swc, which also imports names of our packages from the modules that define them, past the
 * packages' index: each suite loads its modules anew, and for one name it would load a whole package.
 */
export default {
  createTransformer(options) {
    const transformer = swc.createTransformer(options);
    const barrels = new Barrels((path) => path.replace(/\.js$/, '.ts'));

    function pass(transformed, file, { config }) {
      const { head, rest } = split(transformed.code);
      return { ...transformed, code: barrels.pass(head, placesFrom(file, config)) + rest };
    }

    return {
      process: (source, file, request) => pass(transformer.process(source, file, request), file, request),
      async processAsync(source, file, request) {
        return pass(await transformer.processAsync(source, file, request), file, request);
      },
      /** What an index says is part of what comes of whoever imports it. */
      getCacheKey(source, file, request) {
        const key = createHash('sha1').update(transformer.getCacheKey(source, file, request));
        for (const code of OWN_CODE) key.update(code);
        const { indexOf } = placesFrom(file, request.config);
        for (const [, specifier] of source.matchAll(/ from '(@drover[^']*)';$/gm)) {
          const index = indexOf(specifier);
          if (index !== undefined) key.update(JSON.stringify([...barrels.exportsOf(index)]));
        }
        return key.digest('hex');
      },
    };
  },
};

/** Imports stand at the head; further down, what looks like one may be in a text. */
function split(code) {
  const lines = code.split('\n');
  const found = lines.findIndex((line) => !HEAD_LINE.test(line));
  const end = found === -1 ? lines.length : found;
  const head = lines.slice(0, end).map((line) => `${line}\n`);
  return { head: head.join(''), rest: lines.slice(end).join('\n') };
}

function placesFrom(file, { moduleNameMapper }) {
  return {
    indexOf(specifier) {
      if (!PACKAGE.test(specifier)) return undefined;
      const [pattern, path] = moduleNameMapper.find(([name]) => new RegExp(name).test(specifier)) ?? [];
      return path?.endsWith('/index.ts') ? specifier.replace(new RegExp(pattern), path) : undefined;
    },
    specifierOf: (module) => `./${relative(dirname(file), module)}`,
  };
}
