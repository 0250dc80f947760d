import { chmod, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const packages = fileURLToPath(new URL('../../', import.meta.url));
const source = (path: string) => join(packages, path);

/** A folder with `code.mjs` in it, as it is after a bundle was unpacked: readable for every user. */
export async function createPluginFolder(code: string): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'drover-sandbox-')));
  await writeFile(join(folder, 'code.mjs'), code);
  await chmod(folder, 0o755);
  return folder;
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** Bundles an entry, such as a generated one, with the SDK's sources. */
export async function bundleEntry(entry: string, options: { resolveDir: string }): Promise<string> {
  const result = await build({
    stdin: { contents: entry, loader: 'ts', resolveDir: options.resolveDir },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    alias: {
      '@drover/plugin-sdk/frames': source('plugin-sdk/src/frames.ts'),
      '@drover/plugin-sdk/wire': source('plugin-sdk/src/wire.ts'),
      '@drover/plugin-sdk/serve': source('plugin-sdk/src/serve.ts'),
      '@drover/plugin-sdk': source('plugin-sdk/src/index.ts'),
      '@drover/model': source('model/src/index.ts'),
    },
  });
  return result.outputFiles[0]!.text;
}
