import type { StoredOutcome } from '@drover/engine';
import type { Site } from './site.js';
import { valuesOf } from './site-collections.js';
import { scoreOf } from './site-vendors.js';

const ATTRIBUTE = 'User Confidence Index Score';

interface ScoredUser {
  value: string;
  attributes: { name: string; value: unknown }[];
}

/**
 * Whether the users whose outcome is `succeeded`, and no others, have the one score that the tenant has for them: fetching
 * writes at home, not at the vendor.
 */
export async function problemsOfScores(
  { drover, size }: Site,
  latest: ReadonlyMap<string, StoredOutcome>,
): Promise<string[]> {
  const { stdout } = await drover.run(['objects', 'export', '--collection', 'users', '--format', 'jsonl']);
  return problemsOfScored(stdout, { users: valuesOf('users', size), latest });
}

/** As `problemsOfScores`, of users that were exported as JSON Lines. The n-th has the n-th score. */
export function problemsOfScored(
  jsonLines: string,
  { users, latest }: { users: readonly string[]; latest: ReadonlyMap<string, StoredOutcome> },
): string[] {
  const objects = jsonLines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ScoredUser);
  const attributes = new Map(objects.map((object) => [object.value, object.attributes]));
  return users.flatMap((user, n) => {
    const found = (attributes.get(user) ?? []).filter(({ name }) => name === ATTRIBUTE);
    const wanted = latest.get(user)?.status === 'succeeded' ? String(scoreOf(n)) : '';
    const got = found.map(({ value }) => value).join();
    return got === wanted ? [] : [`${user} has the score "${got}" instead of "${wanted}"`];
  });
}
