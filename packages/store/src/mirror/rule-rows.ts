import type { MirrorRules } from '@drover/engine';
import type { Kysely } from 'kysely';
import type { Tables } from '../database/tables.js';

export function goesIn({ direction }: MirrorRules): boolean {
  return direction === 'in' || direction === 'both';
}

export function goesOut({ direction }: MirrorRules): boolean {
  return direction === 'out' || direction === 'both';
}

/** Where an emitted attribute comes in; undefined when it is left out. */
export function inwardName({ map }: MirrorRules, field: string): string | undefined {
  return Object.hasOwn(map, field) ? (map[field] ?? undefined) : field;
}

/** Which attribute an outgoing field is sent from. */
export function outwardName(rules: MirrorRules, field: string): string {
  if (Object.hasOwn(rules.mapOut, field)) return rules.mapOut[field]!;
  return inwardName(rules, field) ?? field;
}

/** The attributes here that fields come in as or are sent from, by any of the rules. */
export function namesHere(rules: Iterable<MirrorRules>, fields: Iterable<string>): Set<string> {
  const names = new Set<string>();
  const all = [...fields];
  for (const one of rules) {
    for (const field of all) {
      names.add(outwardName(one, field));
      const inward = inwardName(one, field);
      if (inward !== undefined) names.add(inward);
    }
  }
  return names;
}

/** All rules that the feed was ever set to, by their version. */
export async function readRules(db: Kysely<Tables>, feedId: string): Promise<Map<number, MirrorRules>> {
  const rows = await db
    .selectFrom('mirror_rules')
    .select(['version', 'rules'])
    .where('feed_id', '=', feedId)
    .execute();
  return new Map(rows.map(({ version, rules }) => [version, JSON.parse(rules) as MirrorRules]));
}

export async function insertRules(
  db: Kysely<Tables>,
  { feedId, version, rules }: { feedId: string; version: number; rules: MirrorRules },
): Promise<void> {
  await db
    .insertInto('mirror_rules')
    .values({ feed_id: feedId, version, goes_out: goesOut(rules) ? 1 : 0, rules: JSON.stringify(rules) })
    .execute();
}
