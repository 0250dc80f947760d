import { stat } from 'node:fs/promises';

/** What an import may leave out or, in TypeScript, write for the file that is compiled from the source. */
const REWRITES: readonly (readonly [from: RegExp, to: string])[] = [
  [/\.js$/, '.ts'],
  [/\.mjs$/, '.mts'],
  [/$/, '.ts'],
  [/$/, '.js'],
  [/$/, '.mjs'],
  [/$/, '/index.ts'],
  [/$/, '/index.js'],
];

/** The source file that a path in an import means: the file itself, else what TypeScript or a bundler would take. */
export async function findSource(path: string): Promise<string | undefined> {
  const candidates = [
    path,
    ...REWRITES.filter(([from]) => from.test(path)).map(([from, to]) => path.replace(from, to)),
  ];
  for (const candidate of candidates) {
    const stats = await stat(candidate).catch(() => undefined);
    if (stats?.isFile()) return candidate;
  }
  return undefined;
}
