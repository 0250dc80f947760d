import type { FaultRecord } from '@drover/model';
import { rangesOf, unknownRow } from './batch-rows.js';
import { noAnswer } from './once-outcomes.js';
import type { ClaimedTask, PlacedObject } from './ports/run-ledger.js';
import type { TaskPorts } from './task-ports.js';

const NO_FIGURES = { vendorCalls: 0, vendorWrites: 0, waitedMs: 0 };

/** A batch whose plugin or connection is gone: what may have been sent is unknown, the rest goes back to the pass. */
export async function giveBatchBack(
  { ledger, journal }: TaskPorts,
  task: ClaimedTask,
  runFault: FaultRecord,
): Promise<void> {
  const placed = await ledger.objectsOf(task.run.passId, task.ranges);
  const calls = await journal.callsOf(
    task.run.id,
    placed.map(({ objectSeq }) => objectSeq),
  );
  const sent = new Set(calls.map(({ objectSeq }) => objectSeq));
  const isSent = ({ objectSeq }: PlacedObject) => sent.has(objectSeq);
  await ledger.settleBatch({
    task,
    outcomes: placed
      .filter(isSent)
      .map((one) => unknownRow(one, noAnswer('its plugin or connection is gone'))),
    attributes: [],
    statuses: [],
    figures: NO_FIGURES,
    reads: [],
    deferred: rangesOf(placed.filter((one) => !isSent(one)).map(({ position }) => position)),
    runFault,
  });
}
