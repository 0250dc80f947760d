import type { AttributeValue, FaultCode } from '@drover/model';

/** A row of a file as it stands there: names and value not yet checked. */
export interface OfferedRow {
  kind: 'offered';
  /** Line of the file on which the row starts, from 1. */
  line: number;
  type?: string;
  subtype?: string;
  value: string;
  aliases?: string[];
  attributes?: { name: string; value: AttributeValue }[];
  status?: string;
}

/** A row that did not go in, as reports tell it. */
export interface RejectedRow {
  line: number;
  /** What the row offered, cut after 500 characters. */
  value: string;
  /** One sentence: what is wrong and what would be right. */
  reason: string;
  /** A row of the fault table, such as `HASH_INVALID`. */
  code: string;
}

export type RefusedRow = RejectedRow & { kind: 'refused' };
export type Row = OfferedRow | RefusedRow;

const MAX_SHOWN_LENGTH = 500;

export function refuseRow(line: number, value: string, code: FaultCode, reason: string): RefusedRow {
  return { kind: 'refused', line, value: copyForReport(value), reason, code };
}

/** A short copy that does not keep the chunk of the file alive out of which the text was cut. */
function copyForReport(text: string): string {
  const shown = text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH - 1)}…` : text;
  return Buffer.from(shown).toString();
}
