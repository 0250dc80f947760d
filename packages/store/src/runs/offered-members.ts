import type { FreezeRule } from '@drover/engine';
import type { Transaction } from 'kysely';
import type { Member } from '../collections/members-page.js';
import { rowsFrom } from '../database/database.js';
import type { DialectTraits } from '../database/dialect-traits.js';
import type { Tables } from '../database/tables.js';
import { fingerprintsOf } from './fingerprint.js';

export function isAccepted(rule: FreezeRule, member: Pick<Member, 'type' | 'subtype'>): boolean {
  return rule.accepts.some(
    ({ type, subtypes }) =>
      type === member.type && (subtypes === undefined || subtypes.includes(member.subtype)),
  );
}

/** Those that the step has not handled, whose content has changed since, or whose failure is due again. */
export async function leaveOutHandled(
  trx: Transaction<Tables>,
  traits: DialectTraits,
  members: readonly Member[],
  { stepKey, rule, now }: { stepKey: string; rule: FreezeRule; now: number },
): Promise<Member[]> {
  if (members.length === 0) return [];
  const seqs = members.map(({ seq }) => seq);
  const wanted = rowsFrom(
    traits,
    { object_seq: 'bigint' },
    seqs.map((seq) => ({ object_seq: seq })),
  );
  const handled = await trx
    .selectFrom('handled')
    .innerJoin(wanted.as('wanted'), 'wanted.object_seq', 'handled.object_seq')
    .select(['handled.object_seq', 'handled.fingerprint', 'handled.status', 'handled.offer_after'])
    .where('handled.step_key', '=', stepKey)
    .execute();
  const bySeq = new Map(handled.map((row) => [row.object_seq, row]));
  const fingerprints =
    rule.inputMode === 'changed' ? await fingerprintsOf(trx, traits, seqs, rule.reads) : undefined;
  return members.filter(({ seq }) => {
    const before = bySeq.get(seq);
    if (before === undefined) return true;
    if (before.status === 'failed') return (before.offer_after ?? 0) <= now;
    if (before.status === 'unknown') return false;
    return fingerprints !== undefined && fingerprints.get(seq) !== before.fingerprint;
  });
}
