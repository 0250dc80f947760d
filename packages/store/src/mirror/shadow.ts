import type { AttributeValue } from '@drover/model';

/** What both sides know of one field of an object. */
export interface ShadowField {
  /** The value that both sides last had; absent: none that both knew of. */
  agreed?: AttributeValue;
  /** What the vendor was last seen to have. */
  seen?: AttributeValue;
  /** Local values that were said up to this time lost against the vendor's, and are not sent. */
  dealtAt?: number;
}

/** What both sides know of an object. */
export interface Shadow {
  fields: Record<string, ShadowField>;
  /** Whether the vendor was last seen to have closed it. */
  isClosed: boolean;
}

export function readShadow(json: string | null): Shadow {
  return json === null ? { fields: {}, isClosed: false } : (JSON.parse(json) as Shadow);
}

/** The latest word on an attribute, whoever said it. */
export interface LatestValue {
  value: AttributeValue;
  source: string;
  /** Milliseconds since 1970. */
  at: number;
}

/** Whether the latest word is a change made here that the vendor does not know of. */
export function isLocalChange(
  latest: LatestValue | undefined,
  { field, source }: { field: ShadowField | undefined; source: string },
): latest is LatestValue {
  if (latest === undefined || latest.source === source) return false;
  return latest.value !== field?.agreed && latest.at > (field?.dealtAt ?? -Infinity);
}
