import type { AttributeValue } from '@drover/model';
import { type LatestValue, type ShadowField, isLocalChange } from './shadow.js';

/** A field of a page, and what is known here. Times in milliseconds since 1970. */
export interface FieldMeeting {
  shadow: ShadowField | undefined;
  /** What the vendor has by the page. */
  value: AttributeValue;
  /** When the vendor changed the object, at most the time of the page; the latter when the feed does not say. */
  changedAt: number;
  /** The feed says by its times that the vendor has not changed the object since it was last seen. */
  isSameState: boolean;
  pageAt: number;
  /** The latest word on the attribute that the field comes in as. */
  inward: LatestValue | undefined;
  /** The latest word on the attribute that the field is sent from; absent for fields that do not go out. */
  outward: LatestValue | undefined;
  /** Whether local changes of the field are sent. */
  goesOut: boolean;
  /** The vendor's name as a source. */
  source: string;
}

export interface MetField {
  shadow: ShadowField;
  /** The vendor's value is to be stored, as said at this time. */
  store?: { at: number };
  /** The vendor's value is in force by it. */
  isTaken: boolean;
  /** Both sides had changed the field. */
  conflict?: { local: LatestValue; winner: 'local' | 'vendor' };
}

/**
 * What a page comes to for one field that is mirrored in. The side that alone has changed since both agreed wins. When both
 * have, the later change wins, and the vendor's when both are of one time. A value that the page does not bring for the
 * first time is no change.
 */
export function meetVendor(meeting: FieldMeeting): MetField {
  const { shadow, value, source, goesOut } = meeting;
  const seen = { ...shadow, seen: value };
  if (meeting.isSameState && value === shadow?.seen) return { shadow: seen, isTaken: false };
  const local = goesOut ? meeting.outward : meeting.inward;
  if (!isLocalChange(local, { field: shadow, source })) return takenUnlessThere(meeting, seen);
  if (value === shadow?.agreed) return { shadow: seen, isTaken: false };
  if (!goesOut || local.value === value) return takenUnlessThere(meeting, seen);
  if (local.at > meeting.changedAt) {
    // Against what the vendor has now the local value is a change, and goes out.
    return {
      shadow: { ...seen, agreed: value },
      store: { at: meeting.changedAt },
      isTaken: false,
      conflict: { local, winner: 'local' },
    };
  }
  return {
    shadow: { ...seen, agreed: value, dealtAt: local.at },
    store: { at: timeToWin(meeting) },
    isTaken: true,
    conflict: { local, winner: 'vendor' },
  };
}

function takenUnlessThere(meeting: FieldMeeting, seen: ShadowField): MetField {
  const { value, inward, source } = meeting;
  const shadow = { ...seen, agreed: value };
  if (inward?.value === value) return { shadow, isTaken: false };
  // What somebody set here stays until the vendor has something new.
  const isNews = value !== seen.agreed;
  if (!isNews && inward !== undefined && inward.source !== source) return { shadow, isTaken: false };
  return { shadow, store: { at: timeToWin(meeting) }, isTaken: true };
}

/** A value that is taken is the last word so far, whatever other clocks have said. */
function timeToWin({ pageAt, inward }: FieldMeeting): number {
  return Math.max(pageAt, (inward?.at ?? -1) + 1);
}
