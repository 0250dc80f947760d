// Lets a plain Node process import Drover's packages from their TypeScript sources: for tests that need another process.
import { existsSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

const PACKAGES = new URL('../../', import.meta.url);

registerHooks({
  resolve(specifier, context, next) {
    const [, name, inner = 'index'] = /^@drover\/([^/]+)(?:\/(.+))?$/.exec(specifier) ?? [];
    if (name !== undefined) return next(new URL(`${name}/src/${inner}.ts`, PACKAGES).href, context);
    if (/^\.{1,2}\/.*\.js$/.test(specifier)) {
      const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
      if (existsSync(source)) return next(source.href, context);
    }
    return next(specifier, context);
  },
  load(url, context, next) {
    if (!url.endsWith('.ts')) return next(url, context);
    const { code } = transformSync(readFileSync(fileURLToPath(url), 'utf8'), {
      swcrc: false,
      module: { type: 'es6' },
      jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
    });
    return { format: 'module', source: code, shortCircuit: true };
  },
});
