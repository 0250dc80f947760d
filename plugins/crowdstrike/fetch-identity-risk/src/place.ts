import { Fault, type PullRequest } from '@drover/plugin-sdk';

/** Where a pass over the users stands; kept as the checkpoint of each page. */
export interface Place {
  /** Of the pass: only accounts that were made then or later. ISO 8601 in UTC; `null`: everybody. */
  createdSince: string | null;
  /** Cursor of the next page; `null`: the next page is the first one of a new pass. */
  after: string | null;
}

const DAY_MS = 86_400_000;

/**
 * Where a pull starts: in the middle of a pass that was broken off, else at the start of one over everybody, which is the
 * only way to find scores that have changed. Only the very first pass may be over the initial range.
 */
export function placeOf(
  { checkpoint, isFirst, startedAt }: Pick<PullRequest, 'checkpoint' | 'isFirst' | 'startedAt'>,
  initialRangeDays: number,
): Place {
  const kept = checkpoint === undefined ? undefined : readPlace(checkpoint);
  if (kept !== undefined && kept.after !== null) return kept;
  const isInitial = isFirst && kept === undefined && initialRangeDays > 0;
  return { createdSince: isInitial ? daysBefore(startedAt, initialRangeDays) : null, after: null };
}

export function placeAfter({ createdSince }: Place, next: string | undefined): Place {
  return { createdSince, after: next ?? null };
}

/** The same pass from its first page on. */
export function restarted({ createdSince }: Place): Place {
  return { createdSince, after: null };
}

/** To the second, as the vendor writes times. */
function daysBefore(time: string, days: number): string {
  return new Date(Date.parse(time) - days * DAY_MS).toISOString().replace(/\.\d+Z$/, 'Z');
}

function readPlace(checkpoint: unknown): Place {
  const { createdSince, after } = Object(checkpoint) as Partial<Record<keyof Place, unknown>>;
  const isPlace = [createdSince, after].every((text) => text === null || typeof text === 'string');
  if (isPlace) return { createdSince, after } as Place;
  throw new Fault(
    'CHECKPOINT_INVALID',
    'The checkpoint of the feed is not one that this version wrote; pull it with --restart.',
  );
}
