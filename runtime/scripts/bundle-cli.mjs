// Bundles the command line into runtime/dist/cli: a small entry, and chunks that are read when a command needs them.
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { pastBarrels } from './past-barrels.mjs';
import { gotWithoutFormData, plainBuiltins } from './plain-builtins.mjs';
import { undiciForHttp1 } from './undici-for-http1.mjs';

const runtime = fileURLToPath(new URL('..', import.meta.url));
const outdir = `${runtime}dist/cli`;
const packages = fileURLToPath(new URL('../../packages', import.meta.url));

/** Left where they are installed: only single commands need them, and they look for files beside their own. */
const external = ['@drover/plugin-kit', '@drover/simulators', 'pg-native'];

await rm(outdir, { recursive: true, force: true });
await build({
  entryPoints: [`${runtime}dist/main.js`],
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // Names stay: errors and classes are told by them. Keeping them beside short ones would name each closure anew whenever it is made.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  external,
  plugins: [pastBarrels(packages), plainBuiltins, gotWithoutFormData, undiciForHttp1],
  // CommonJS packages ask for `require`, which a module does not have.
  banner: {
    js: "import { createRequire as droverRequire } from 'node:module'; const require = droverRequire(import.meta.url);",
  },
});

// By itself, so that it starts with a single file read.
await build({
  entryPoints: [`${packages}/store/dist/database/commit-thread-entry.js`],
  outdir,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  minifySyntax: true,
  minifyWhitespace: true,
});
