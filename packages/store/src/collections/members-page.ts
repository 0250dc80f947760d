import { sql } from 'kysely';
import { type CollectionRow, type MemberSet, type Reader, memberSetOf, selectMembers } from './member-set.js';

export interface Member {
  seq: number;
  type: string;
  /** Empty for types without subtypes. */
  subtype: string;
  value: string;
  status: string | null;
  revision: number;
}

/**
 * The next members in the order of `seq`; an empty page is the end. A page costs what it returns plus, for queries that
 * no index answers, the objects passed on the way: all pages together read the library once. `now` is what spans of the
 * query count back from.
 */
export async function pageOfMembers(
  reader: Reader,
  set: MemberSet,
  { afterSeq, limit, now = Date.now() }: { afterSeq: number; limit: number; now?: number },
): Promise<Member[]> {
  const { from, where, seq } = await selectMembers(reader, set, now);
  // Said of both sides of a list's join: a planner that merges them would read the other side from its start for each page.
  const { rows } = await sql<Member>`
    select o.seq, o.type, o.subtype, o.value, o.status, o.revision
    from ${from} where ${where} and ${seq} > ${afterSeq} and o.seq > ${afterSeq}
    order by ${seq} limit ${limit}`.execute(reader.kysely);
  return rows;
}

/** `pageOfMembers` of a collection. */
export function membersPage(
  reader: Reader,
  collection: CollectionRow,
  page: { afterSeq: number; limit: number; now?: number },
): Promise<Member[]> {
  return pageOfMembers(reader, memberSetOf(collection), page);
}
