// npm run soak: bundles the soak, which is no part of the built runtime, and runs it.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const runtime = fileURLToPath(new URL('..', import.meta.url));
const outfile = `${runtime}dist/soak/main.js`;

await build({
  entryPoints: [`${runtime}src/proof/soak/main.ts`],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  packages: 'external',
  logLevel: 'error',
});
await import(outfile);
