import { readFileSync } from 'node:fs';
import { Barrels } from './barrels.mjs';

/**
 * An esbuild plugin that imports names of our packages from the modules that define them, past the packages' index. An
 * index ties all modules of its package into one chunk, and the smallest command would read all of it.
 *
 * @param {string} packages the folder of the packages
 */
export function pastBarrels(packages) {
  const barrels = new Barrels();

  function indexOf(specifier) {
    const [, name] = /^@drover\/([a-z-]+)$/.exec(specifier) ?? [];
    return name && `${packages}/${name}/dist/index.js`;
  }

  return {
    name: 'past-barrels',
    setup({ onLoad }) {
      onLoad({ filter: /\/(?:packages\/[^/]+|runtime)\/dist\/.*\.js$/ }, ({ path }) => ({
        contents: barrels.pass(readFileSync(path, 'utf8'), { indexOf, specifierOf: (file) => file }),
        loader: 'js',
      }));
    },
  };
}
