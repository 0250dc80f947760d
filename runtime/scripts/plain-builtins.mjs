import { readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';

/**
 * An esbuild plugin that gets Node's own modules by `process.getBuiltinModule`. An `import` of `node:http` reads each of
 * its exports, those that load undici and WebSocket when they are first read included, which costs a tenth of a second.
 */
export const plainBuiltins = {
  name: 'plain-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[a-z]/ }, ({ path, kind }) => {
      if (kind !== 'import-statement' || !isBuiltin(path)) return undefined;
      return {
        path: path.startsWith('node:') ? path : `node:${path}`,
        namespace: 'builtin',
        sideEffects: false,
      };
    });
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: plainModule(path),
      loader: 'js',
    }));
  },
};

/** Only the exports that somebody imports are read: the others are dropped, since what is marked as pure has no effect. */
function plainModule(path) {
  const names = Object.keys(process.getBuiltinModule(path)).filter((name) => name !== 'default');
  return [
    `const builtin = process.getBuiltinModule(${JSON.stringify(path)});`,
    'export default builtin;',
    ...names.map((name) => `export const ${name} = /* @__PURE__ */ (() => builtin.${name})();`),
  ].join('\n');
}

/** An esbuild plugin for got, which asks of each body whether it is a `FormData`. Ours never are, and Node's loads undici. */
export const gotWithoutFormData = {
  name: 'got-without-form-data',
  setup({ onLoad }) {
    onLoad({ filter: /\/got\/dist\/source\/core\/index\.js$/ }, async ({ path }) => ({
      contents: `class FormData {}\n${await readFile(path, 'utf8')}`,
      loader: 'js',
    }));
  },
};
