import type { UnknownReason } from './once-outcomes.js';
import type { OutcomeRow, PlacedObject } from './ports/run-ledger.js';

/** Where an outcome belongs. */
export function rowOf({ position, objectSeq }: PlacedObject): { position: number; objectSeq: number } {
  return { position, objectSeq };
}

export function unknownRow(placed: PlacedObject, reason: UnknownReason): OutcomeRow {
  return { ...rowOf(placed), status: 'unknown', ...reason };
}

/** Positions in ascending order as the fewest ranges. */
export function rangesOf(positions: readonly number[]): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  for (const position of positions) {
    const last = ranges.at(-1);
    if (last?.to === position) last.to += 1;
    else ranges.push({ from: position, to: position + 1 });
  }
  return ranges;
}
