import type { FaultRecord, PendingObject } from '@drover/model';
import { balanceBooks } from '../balance-books.js';
import { rowOf } from '../batch-rows.js';
import { invokeHook, wasCancelled } from '../invoke-hook.js';
import type {
  ClaimedTask,
  Figures,
  OutcomeRow,
  ParkedObject,
  PlacedObject,
  Settlement,
} from '../ports/run-ledger.js';
import { MAX_DEATHS } from '../decide-fault.js';
import { reportBreaches } from '../report-breaches.js';
import { toRows } from '../settlement-rows.js';
import type { PreparedTask, TaskPorts } from '../task-ports.js';
import { decidePollFault } from './decide-poll-fault.js';
import { earlier, lastPollAt, park } from './park.js';
import {
  type UnsettledReason,
  cancelled,
  contractBroken,
  faultReason,
  objectGone,
  pollersLost,
  stoppedReason,
  timedOut,
  unsettledRow,
} from './unsettled.js';

const NO_FIGURES: Figures = { vendorCalls: 0, vendorWrites: 0, waitedMs: 0 };

/** A parked object together with the object itself, as it is now. */
interface Polled {
  parked: ParkedObject;
  placed: PlacedObject & { object: NonNullable<PlacedObject['object']> };
}

type Verdicts = Pick<Settlement, 'outcomes' | 'attributes' | 'statuses'> & {
  parked: ParkedObject[];
  runFault?: FaultRecord;
};

/** Asks the plugin about parked objects that are due: each gets its outcome, or is parked again. None is executed again. */
export async function runPoll(ports: TaskPorts, poll: PreparedTask): Promise<void> {
  const { task } = poll;
  const reason = stoppedReason(task) ?? (task.deaths > MAX_DEATHS ? pollersLost(task.deaths) : undefined);
  if (reason !== undefined) return giveUpPoll(ports, task, reason);
  const { polled, gone } = await polledObjects(ports, task);
  const verdicts: Verdicts = {
    outcomes: gone.map((one) => unsettledRow(one, objectGone())),
    attributes: [],
    statuses: [],
    parked: [],
  };
  if (polled.length === 0) return settle(ports, poll, { verdicts, figures: NO_FIGURES });
  const pending = polled.map(toPendingObject);
  const result = await invokeHook(ports, poll, { hook: 'poll', pending, prepared: task.run.prepared });
  if (result.ok) await takeAnswers(ports, poll, { polled, answer: result.value, verdicts });
  else takeFault(ports, poll, { polled, fault: result.fault, verdicts });
  await settle(ports, poll, { verdicts, figures: result.figures });
}

/** Ends all objects of a poll without asking about them. */
export async function giveUpPoll(
  { ledger }: TaskPorts,
  task: ClaimedTask,
  reason: UnsettledReason,
  runFault?: FaultRecord,
): Promise<void> {
  const parked = await ledger.parkedOf(task);
  await ledger.settleBatch({
    task,
    outcomes: parked.map((one) => unsettledRow(one, reason)),
    attributes: [],
    statuses: [],
    figures: NO_FIGURES,
    reads: [],
    ...(runFault === undefined ? {} : { runFault }),
  });
}

async function polledObjects(
  { ledger }: TaskPorts,
  task: ClaimedTask,
): Promise<{ polled: Polled[]; gone: ParkedObject[] }> {
  const placed = await ledger.objectsOf(task.run.passId, task.ranges);
  const byPosition = new Map(placed.map((one) => [one.position, one]));
  const polled: Polled[] = [];
  const gone: ParkedObject[] = [];
  for (const parked of await ledger.parkedOf(task)) {
    const object = byPosition.get(parked.position)?.object;
    if (object === undefined) gone.push(parked);
    else polled.push({ parked, placed: { ...rowOf(parked), object } });
  }
  return { polled, gone };
}

function toPendingObject({ parked, placed }: Polled): PendingObject {
  const { token, since, polls } = parked;
  return { object: placed.object, token, since: since.toISOString(), polls };
}

async function takeAnswers(
  ports: TaskPorts,
  { task, target: { manifest } }: PreparedTask,
  { polled, answer, verdicts }: { polled: readonly Polled[]; answer: unknown; verdicts: Verdicts },
): Promise<void> {
  const now = ports.now();
  const before = new Map(polled.map(({ parked }) => [parked.position, parked]));
  const rules = { emits: manifest.emits ?? [], mayPend: true };
  const offered = polled.map(({ placed }) => placed);
  const { outcomes, pending, breaches } = balanceBooks(offered, answer, rules);
  await reportBreaches(ports.ledger, task, breaches);
  const isBroken = (code: string | undefined): boolean => code === 'PLUGIN_CONTRACT';
  const rows = toRows(
    outcomes.filter(({ code }) => !isBroken(code)),
    manifest,
    now,
  );
  verdicts.attributes = rows.attributes;
  verdicts.statuses = rows.statuses;
  for (const row of rows.outcomes) verdicts.outcomes.push(withKeptData(row, before.get(row.position)!));
  for (const { placed, code, message } of outcomes) {
    const parked = before.get(placed.position)!;
    if (isBroken(code)) verdicts.outcomes.push(unsettledRow(parked, contractBroken(message!)));
  }
  for (const one of pending) {
    const parked = before.get(one.placed.position)!;
    const again = park(one, { manifest, now, before: parked });
    if (now < lastPollAt(parked.since, manifest)) verdicts.parked.push(again);
    else verdicts.outcomes.push(unsettledRow(again, timedOut(now.getTime() - parked.since.getTime())));
  }
}

/** What was known when the object was parked is its outcome's data, unless the outcome brings its own. */
function withKeptData(row: OutcomeRow, { data }: ParkedObject): OutcomeRow {
  return row.data === undefined && data !== undefined ? { ...row, data } : row;
}

function takeFault(
  ports: TaskPorts,
  { target: { manifest }, options }: PreparedTask,
  { polled, fault, verdicts }: { polled: readonly Polled[]; fault: FaultRecord; verdicts: Verdicts },
): void {
  const now = ports.now();
  const isCancelled = wasCancelled(options.signal);
  for (const { parked } of polled) {
    const { since, failures } = parked;
    const decision = decidePollFault(fault, { failures, isCancelled, now });
    const last = lastPollAt(since, manifest);
    if (decision.do === 'giveUp') {
      verdicts.outcomes.push(unsettledRow(parked, isCancelled ? cancelled() : faultReason(fault)));
      if (decision.stopsRun) verdicts.runFault = fault;
    } else if (now < last) {
      verdicts.parked.push({ ...parked, dueAt: earlier(decision.dueAt, last), failures: failures + 1 });
    } else {
      verdicts.outcomes.push(unsettledRow(parked, timedOut(now.getTime() - since.getTime(), fault)));
    }
  }
}

async function settle(
  { ledger }: TaskPorts,
  { task, target }: PreparedTask,
  { verdicts, figures }: { verdicts: Verdicts; figures: Figures },
): Promise<void> {
  await ledger.settleBatch({ task, figures, reads: target.manifest.reads ?? [], ...verdicts });
}
