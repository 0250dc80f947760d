import { cp } from 'node:fs/promises';

/** Copies a vendor's folder as it is in the repository, without what was installed or built in it. */
export async function copySources(from: string, to: string): Promise<void> {
  await cp(from, to, {
    recursive: true,
    filter: (path) => !/\/(node_modules|dist)(\/|$)/.test(path),
  });
}
