import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Knows the modules behind the index of a package. Reads what tsc and swc write and what stands in our index files; an
 * import that it does not understand stays as it is and only costs time.
 */
export class Barrels {
  #known = new Map();
  #fileOf;

  /** @param {(path: string) => string} fileOf where a module lies that is imported by a path */
  constructor(fileOf = (path) => path) {
    this.#fileOf = fileOf;
  }

  /** Exported name to where it is defined: `{ file, name }`. */
  exportsOf(file) {
    if (this.#known.has(file)) return this.#known.get(file);
    const found = new Map();
    this.#known.set(file, found);
    const code = readFileSync(file, 'utf8');
    const from = (path) => this.#fileOf(resolve(dirname(file), path));
    for (const [, path] of code.matchAll(/^export \* from '(\.[^']+)';/gm)) {
      for (const [name, origin] of this.exportsOf(from(path))) found.set(name, origin);
    }
    for (const [, names, path] of code.matchAll(/^export \{([^}]*)\} from '(\.[^']+)';/gm)) {
      const there = this.exportsOf(from(path));
      for (const { name, as } of parseNames(names))
        found.set(as, there.get(name) ?? { file: from(path), name });
    }
    for (const [, name] of code.matchAll(/^export (?:async )?(?:function\*?|class|const|let) (\w+)/gm)) {
      found.set(name, { file, name });
    }
    return found;
  }

  /**
   * Has names imported and exported from the modules that define them.
   *
   * @param {string} code
   * @param {{ indexOf(specifier: string): string | undefined, specifierOf(file: string): string }} places the index that a
   *   specifier leads to, and how a module is imported
   */
  pass(code, { indexOf, specifierOf }) {
    return code.replace(
      /^(import|export) \{([^}]*)\} from '([^'.][^']*)';$/gm,
      (whole, keyword, names, specifier) => {
        const index = indexOf(specifier);
        if (index === undefined) return whole;
        const there = this.exportsOf(index);
        const lines = parseNames(names).map(({ name, as }) => {
          const origin = there.get(name);
          return (
            origin &&
            `${keyword} { ${origin.name} as ${as} } from ${JSON.stringify(specifierOf(origin.file))};`
          );
        });
        return lines.includes(undefined) ? whole : lines.join(' ');
      },
    );
  }
}

/** Types are no concern of a module that runs. */
function parseNames(names) {
  return names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '))
    .map((text) => {
      const [name, as = name] = text.split(/ as /);
      return { name, as };
    });
}
