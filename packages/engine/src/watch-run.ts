import { Fault, type Run, type RunId, hasEnded } from '@drover/model';
import type { Endings } from './endings.js';
import type { RunEvent, RunHold, RunLedger } from './ports/run-ledger.js';

export interface RunProgress {
  run: Run & { hold: RunHold };
  /** What the run's plugin logged and what happened since the last progress. */
  events: RunEvent[];
}

const POLL_MS = 200;

/** Follows a run that any process executes, until it has ended or the signal aborts. The last progress has the end. */
export async function* watchRun(
  { ledger, endings }: { ledger: RunLedger; endings: Endings },
  runId: RunId,
  options: { signal?: AbortSignal } = {},
): AsyncGenerator<RunProgress> {
  let seen = 0;
  for (;;) {
    const run = await ledger.run(runId);
    if (run === undefined) throw new Fault('NOT_FOUND', `There is no run ${runId}.`);
    const events = await ledger.events(runId, seen);
    seen = events.at(-1)?.seq ?? seen;
    yield { run, events };
    if (options.signal?.aborted === true) return;
    if (!hasEnded(run.status)) await endings.next(POLL_MS);
    else if (events.length === 0) return;
  }
}
