import type { StoredOutcome } from '@drover/engine';
import type { Site } from './site.js';
import { valuesOf } from './site-collections.js';
import { scoreOf } from './site-vendors.js';

const ATTRIBUTE = 'User Confidence Index Score';

/**
 * Whether the users whose outcome is `succeeded`, and no others, have the one score that the tenant has for them: fetching
 * writes at home, not at the vendor.
 */
export async function problemsOfScores(
  { drover, size }: Site,
  latest: ReadonlyMap<string, StoredOutcome>,
): Promise<string[]> {
  const { stdout } = await drover.run(['objects', 'export', '--collection', 'users', '--format', 'jsonl']);
  const objects = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { value: string; attributes: { name: string; value: unknown }[] });
  const attributes = new Map(objects.map((object) => [object.value, object.attributes]));
  return valuesOf('users', size).flatMap((user, n) => {
    const found = (attributes.get(user) ?? []).filter(({ name }) => name === ATTRIBUTE);
    const wanted = latest.get(user)?.status === 'succeeded' ? String(scoreOf(n)) : '';
    const got = found.map(({ value }) => value).join();
    return got === wanted ? [] : [`${user} has the score "${got}" instead of "${wanted}"`];
  });
}
