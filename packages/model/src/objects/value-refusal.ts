import type { FaultCode } from '../faults/fault-table.js';

/** Why a value was refused. */
export interface ValueRefusal {
  ok: false;
  /** A row of the fault table, such as `HASH_INVALID`. */
  code: FaultCode;
  /** One sentence: what is wrong with it and what would be right. */
  reason: string;
}

export type NormalizedValue = { ok: true; value: string } | ValueRefusal;

export function refuse(code: FaultCode, reason: string): ValueRefusal {
  return { ok: false, code, reason };
}

export function accept(value: string): NormalizedValue {
  return { ok: true, value };
}
