import type { PluginManifest } from '@drover/model';
import diff from 'microdiff';
import { childPointer } from '../json/json-pointer.js';
import { isRecord } from '../json/json-shapes.js';

/** What a manifest has in another way than another one. */
export interface ManifestChange {
  /** JSON Pointer into the manifest; members of `calls` and `emits` by their name. */
  path: string;
  /** Absent where there was nothing. */
  before?: unknown;
  /** Absent where there is nothing any more. */
  after?: unknown;
}

/** What explains and does nothing; the version is said elsewhere. */
const WORDS = new Set([
  '$schema',
  'version',
  'title',
  'description',
  'examples',
  'docsUrl',
  'icon',
  'purpose',
]);

/**
 * All that the second of two manifests of a plugin does in another way than the first, by path: config, connection, accepted
 * types, calls with their hosts' paths and effects, limits, triggers. Wording is left out. Empty when they do the same.
 */
export function compareManifests(before: PluginManifest, after: PluginManifest): ManifestChange[] {
  const found = diff(
    comparable(before) as Record<string, unknown>,
    comparable(after) as Record<string, unknown>,
  );
  return found
    .map((difference) => ({
      path: difference.path.map(String).reduce(childPointer, ''),
      ...(difference.type === 'CREATE' ? {} : { before: difference.oldValue as unknown }),
      ...(difference.type === 'REMOVE' ? {} : { after: difference.value as unknown }),
    }))
    .toSorted((left, right) => (left.path < right.path ? -1 : 1));
}

/**
 * Lists of named things by name; other lists are compared as a whole, since their places mean nothing. Names of properties are data
 * and never left out.
 */
function comparable(value: unknown, { isNames = false }: { isNames?: boolean } = {}): unknown {
  if (Array.isArray(value)) {
    const isNamed = value.length > 0 && value.every((one) => isRecord(one) && typeof one.name === 'string');
    if (!isNamed) return JSON.stringify(value);
    return Object.fromEntries(
      value.map((one: { name: string }) => {
        const { name, ...rest } = one;
        return [name, comparable(rest)];
      }),
    );
  }
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => isNames || !WORDS.has(key))
      .map(([key, inner]) => [key, comparable(inner, { isNames: key === 'properties' && !isNames })]),
  );
}
