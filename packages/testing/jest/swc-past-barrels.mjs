import { createHash } from 'node:crypto';
import { dirname, relative } from 'node:path';
import swc from '@swc/jest';
import { Barrels } from '../../../runtime/scripts/barrels.mjs';

const PACKAGE = /^@drover(?:-plugins)?\//;

/**
 * Jest's transformer by swc, which also imports names of our packages from the modules that define them, past the
 * packages' index: each suite loads its modules anew, and for one name it would load a whole package.
 */
export default {
  createTransformer(options) {
    const transformer = swc.createTransformer(options);
    const barrels = new Barrels((path) => path.replace(/\.js$/, '.ts'));

    function pass(transformed, file, { config }) {
      return { ...transformed, code: barrels.pass(transformed.code, placesFrom(file, config)) };
    }

    return {
      process: (source, file, request) => pass(transformer.process(source, file, request), file, request),
      async processAsync(source, file, request) {
        return pass(await transformer.processAsync(source, file, request), file, request);
      },
      /** What an index says is part of what comes of whoever imports it. */
      getCacheKey(source, file, request) {
        const key = createHash('sha1').update(transformer.getCacheKey(source, file, request));
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
