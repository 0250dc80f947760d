import type { ReapRule } from '@drover/engine';
import type { Expression, ExpressionBuilder, SqlBool } from 'kysely';
import type { Tables } from '../database/tables.js';

type Leased = 'tasks' | 'pulls';

/** Whether the lease in a row has run out, or belongs to somebody whose leases are over. */
export function isOver(
  where: ExpressionBuilder<Tables, Leased>,
  now: number,
  { onlyOwner, goneOwners = [] }: ReapRule,
): Expression<SqlBool> {
  return where.or([
    where('lease_until', '<', now),
    ...(onlyOwner === undefined ? [] : [where('lease_owner', '<>', onlyOwner)]),
    ...(goneOwners.length === 0 ? [] : [where('lease_owner', 'in', goneOwners)]),
  ]);
}
