import type { FaultRecord } from '@drover/model';
import { rowOf } from './batch-rows.js';
import type { InvocationFigures } from './ports/plugin-runtime.js';
import type { OutcomeRow, PlacedObject, QuarantinedObject, RunLedger } from './ports/run-ledger.js';
import type { PreparedTask } from './task-ports.js';

/** Crashes of a batch in the process that it shares before it is taken apart. */
const CRASHES_BEFORE = 2;
/** A plugin that ends over more objects than this in one run is broken itself: its batches fail as they are. */
const MAX_QUARANTINED = 10;
const KEPT_LOG_LINES = 20;

/** What becomes of objects over which the plugin's process ended. */
export interface TakenApart {
  /** Positions to try again, each list in a process of its own. */
  suspects: number[][];
  quarantined: QuarantinedObject[];
  /** Of those in quarantine. */
  outcomes: OutcomeRow[];
}

/**
 * Finds the object that ends its plugin's process. Hooks share a process, and one that ends it takes the others along: a
 * batch that crashed twice is run alone in a process, then its halves are, down to one object, which is to blame. `rest`
 * are the objects without an answer and without an open call. `undefined` where the fault is to be decided as any other.
 */
export async function takeApart(
  ledger: RunLedger,
  { task, target }: PreparedTask,
  {
    fault,
    offered,
    rest,
    log,
  }: {
    fault: FaultRecord;
    offered: readonly PlacedObject[];
    rest: readonly PlacedObject[];
    log: InvocationFigures['log'];
  },
): Promise<TakenApart | undefined> {
  const { run } = task;
  // A part of a batch would send other requests than those that a plan shows of the whole.
  const isOfPlan = run.mode === 'plan' || run.planId !== undefined;
  const hasCrashedOften = task.isSuspect || task.attempt >= CRASHES_BEFORE;
  if (fault.code !== 'PLUGIN_CRASHED' || isOfPlan || !hasCrashedOften || rest.length === 0) return undefined;
  if ((await ledger.quarantinedBy(run.id)) >= MAX_QUARANTINED) return undefined;
  const positions = rest.map(({ position }) => position);
  const [only] = rest;
  if (!task.isSuspect || (rest.length === 1 && offered.length > 1)) return again([positions]);
  if (rest.length > 1) {
    const half = Math.ceil(positions.length / 2);
    return again([positions.slice(0, half), positions.slice(half)]);
  }
  if (only?.object === undefined) return undefined;
  const { version } = target.manifest;
  const { revision } = only.object;
  const evidence = { version, fault, attempts: task.attempt, log: log.slice(-KEPT_LOG_LINES) };
  return {
    suspects: [],
    quarantined: [{ objectSeq: only.objectSeq, revision, ...evidence }],
    outcomes: [{ ...rowOf(only), status: 'failed', code: 'OBJECT_QUARANTINED', message: blame(fault) }],
  };
}

function again(suspects: number[][]): TakenApart {
  return { suspects, quarantined: [], outcomes: [] };
}

function blame({ message }: FaultRecord): string {
  return `Alone with this object, its plugin’s process ended: ${message} It is in quarantine until it or the plugin changes, or "drover quarantine redrive".`;
}

/** The outcome of an object in quarantine: the plugin does not see it. */
export function keptBack(one: PlacedObject): OutcomeRow {
  return {
    ...rowOf(one),
    status: 'skipped',
    code: 'QUARANTINED',
    message:
      'The object ended this plugin’s process before and is in quarantine; nothing was sent for it. See "drover quarantine list".',
  };
}
