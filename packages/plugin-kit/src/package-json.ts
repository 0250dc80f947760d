import { readFile } from 'node:fs/promises';
import { Fault } from '@drover/model';

/** What packing looks at in a `package.json`. */
export interface PackageJson {
  name?: string;
  version?: string;
}

/** A `package.json`, `undefined` when there is none. Fault: `BUNDLE_SOURCE_INVALID`. */
export async function readPackageJson(file: string): Promise<PackageJson | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const { name, version } = JSON.parse(text) as Record<string, unknown>;
    return {
      ...(typeof name === 'string' ? { name } : {}),
      ...(typeof version === 'string' ? { version } : {}),
    };
  } catch (cause) {
    throw new Fault('BUNDLE_SOURCE_INVALID', `${file} is not a JSON object.`, { path: file, cause });
  }
}
