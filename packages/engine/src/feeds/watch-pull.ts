import { Fault, type PullId, hasEnded } from '@drover/model';
import type { Endings } from '../endings.js';
import type { FeedLedger, Pull } from '../ports/feed-ledger.js';
import type { LogLine } from '../ports/run-ledger.js';

export interface PullSighting {
  pull: Pull;
  /** What its plugin has logged since the sighting before. */
  log: LogLine[];
}

const POLL_MS = 200;

/** Follows a pull that any process works at, until it has ended or the signal aborts. The last sighting has the end. */
export async function* watchPull(
  { feeds, endings, now }: { feeds: FeedLedger; endings: Endings; now: () => Date },
  id: PullId,
  options: { signal?: AbortSignal } = {},
): AsyncGenerator<PullSighting> {
  let seen = 0;
  for (;;) {
    const pull = await feeds.pull(id, { now: now() });
    if (pull === undefined) throw new Fault('NOT_FOUND', `There is no pull ${id}; its feed may be removed.`);
    const lines = await feeds.log(id, seen);
    seen = lines.at(-1)?.seq ?? seen;
    yield { pull, log: lines.map(({ line }) => line) };
    if (options.signal?.aborted === true) return;
    if (!hasEnded(pull.status)) await endings.next(POLL_MS);
    else if (lines.length === 0) return;
  }
}
