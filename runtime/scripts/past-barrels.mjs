import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * An esbuild plugin that imports names of our packages from the modules that define them, past the packages' index. An
 * index ties all modules of its package into one chunk, and the smallest command would read all of it. Reads what tsc
 * writes; an import that it does not understand stays as it is and only costs time.
 *
 * @param {string} packages the folder of the packages
 */
export function pastBarrels(packages) {
  const known = new Map();

  /** Exported name to where it is defined: `{ file, name }`. */
  function exportsOf(file) {
    if (known.has(file)) return known.get(file);
    const found = new Map();
    known.set(file, found);
    const code = readFileSync(file, 'utf8');
    const from = (path) => resolve(dirname(file), path);
    for (const [, path] of code.matchAll(/^export \* from '(\.[^']+)';/gm)) {
      for (const [name, origin] of exportsOf(from(path))) found.set(name, origin);
    }
    for (const [, names, path] of code.matchAll(/^export \{([^}]*)\} from '(\.[^']+)';/gm)) {
      const there = exportsOf(from(path));
      for (const { name, as } of parseNames(names))
        found.set(as, there.get(name) ?? { file: from(path), name });
    }
    for (const [, name] of code.matchAll(/^export (?:async )?(?:function\*?|class|const|let) (\w+)/gm)) {
      found.set(name, { file, name });
    }
    return found;
  }

  function rewrite(code) {
    return code.replace(
      /^(import|export) \{([^}]*)\} from '@drover\/([a-z-]+)';$/gm,
      (whole, keyword, names, packageName) => {
        const there = exportsOf(`${packages}/${packageName}/dist/index.js`);
        const lines = parseNames(names).map(({ name, as }) => {
          const origin = there.get(name);
          return origin && `${keyword} { ${origin.name} as ${as} } from ${JSON.stringify(origin.file)};`;
        });
        return lines.includes(undefined) ? whole : lines.join(' ');
      },
    );
  }

  return {
    name: 'past-barrels',
    setup({ onLoad }) {
      onLoad({ filter: /\/(?:packages\/[^/]+|runtime)\/dist\/.*\.js$/ }, ({ path }) => ({
        contents: rewrite(readFileSync(path, 'utf8')),
        loader: 'js',
      }));
    },
  };
}

function parseNames(names) {
  return names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .map((text) => {
      const [name, as = name] = text.split(/ as /);
      return { name, as };
    });
}
