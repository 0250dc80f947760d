import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const PACKAGES = fileURLToPath(new URL('../../../', import.meta.url));

/** A program bundled from this repository's sources, to be run by processes of its own. */
export interface Program {
  /** Runs it to its end with a JSON document as its only argument; resolves to what it wrote on stdout. */
  run(input: unknown): Promise<string>;
  remove(): void;
}

/**
 * Bundles a program for tests that need several processes. `source` is TypeScript that may import `@drover/…`; it finds
 * its input as JSON in `process.argv[2]`.
 */
export async function makeProgram(source: string): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), 'drover-test-program-'));
  const file = join(folder, 'program.cjs');
  await build({
    stdin: { contents: source, resolveDir: PACKAGES, loader: 'ts' },
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
    external: ['pg-native'],
    alias: Object.fromEntries(
      ['model', 'engine', 'store', 'manifest'].map((name) => [
        `@drover/${name}`,
        join(PACKAGES, name, 'src/index.ts'),
      ]),
    ),
  });
  return {
    run: (input) => runToEnd(file, JSON.stringify(input)),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function runToEnd(file: string, input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file, input], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    let complained = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complained += text));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(said);
      else reject(new Error(`The program ended with ${code}: ${complained}`));
    });
  });
}
