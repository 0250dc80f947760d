/** Positions `[from, to)` of a pass. */
export interface PositionRange {
  from: number;
  to: number;
}
