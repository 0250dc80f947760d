import { sql } from 'kysely';
import { type MemberSet, type Reader, selectMembers } from './member-set.js';

export async function countMembers(reader: Reader, set: MemberSet): Promise<number> {
  if (set.listId !== undefined && set.query === undefined) return countList(reader, set.listId);
  const { from, where } = await selectMembers(reader, set, Date.now());
  const { rows } = await sql<{ objects: number }>`
    select count(*) as objects from ${from} where ${where}`.execute(reader.kysely);
  return rows[0]!.objects;
}

async function countList({ kysely }: Reader, listId: string): Promise<number> {
  const { objects } = await kysely
    .selectFrom('collection_members')
    .select((eb) => eb.fn.countAll<number>().as('objects'))
    .where('collection_id', '=', listId)
    .executeTakeFirstOrThrow();
  return objects;
}

/** Members per type and subtype, in that order. */
export async function countMembersByType(
  reader: Reader,
  set: MemberSet,
): Promise<{ type: string; subtype: string; objects: number }[]> {
  const { from, where } = await selectMembers(reader, set, Date.now());
  const { rows } = await sql<{ type: string; subtype: string; objects: number }>`
    select o.type, o.subtype, count(*) as objects from ${from} where ${where}
    group by o.type, o.subtype order by o.type, o.subtype`.execute(reader.kysely);
  return rows;
}
