import type { FaultRecord, PluginManifest, PluginObject } from '@drover/model';
import { rangesOf, rowOf, unknownRow } from './batch-rows.js';
import { type CheckedOutcome, balanceBooks } from './balance-books.js';
import { type FaultDecision, MAX_ATTEMPTS, MAX_DEATHS, decideFault } from './decide-fault.js';
import { invokeHook, wasCancelled } from './invoke-hook.js';
import { answerUnread, judgeOutcome, noAnswer, workerLost } from './once-outcomes.js';
import type { CheckedPending } from './polls/check-pending.js';
import type { JournaledCall } from './ports/call-journal.js';
import { park } from './polls/park.js';
import type { InvocationFigures } from './ports/plugin-runtime.js';
import type {
  ClaimResult,
  ClaimedTask,
  OutcomeRow,
  ParkedObject,
  PlacedObject,
  Settlement,
} from './ports/run-ledger.js';
import { reportBreaches } from './report-breaches.js';
import { sendsOnce, sentRevisions, toRows, writes } from './settlement-rows.js';
import { keptBack, takeApart } from './take-apart.js';
import type { PreparedTask, TaskPorts } from './task-ports.js';
import type { HookGate } from './write-gates/hook-gate.js';
import { OnceGate } from './write-gates/once-gate.js';
import { openHookGate } from './write-gates/open-hook-gate.js';
import { notAwaited, notComputed } from './write-gates/plan-gate.js';
import { hasStoppedAtPrepare } from './write-gates/plan-so-far.js';
import { TouchedObjects } from './write-gates/touched-objects.js';
import { leaseGate, refuseOnceCalls } from './write-gates/write-gate.js';

const NO_FIGURES: InvocationFigures = { vendorCalls: 0, vendorWrites: 0, waitedMs: 0, log: [] };

/** Objects of a batch by what is to become of them without asking the plugin, or by asking it. */
interface Sorted {
  offered: PlacedObject[];
  /** Those that the run's gate keeps back. */
  withheld: CheckedOutcome[];
  decided: OutcomeRow[];
  deferred: number[];
}

/** Tries of an object while our own database goes away again and again, right before its call. */
const MAX_OUTAGES = 6;

/** What a batch comes to, gathered before it is settled in one transaction. */
interface Verdicts {
  outcomes: CheckedOutcome[];
  decided: OutcomeRow[];
  deferred: number[];
  again: { position: number; dueAt: Date }[];
  /** They wait for a limit. */
  waiting: { position: number; dueAt: Date }[];
  parked: ParkedObject[];
}

/** Runs one batch of `execute` or `executeOne` to its settlement; what was claimed with that comes back. */
export async function runBatch(ports: TaskPorts, batch: PreparedTask): Promise<ClaimResult | undefined> {
  const { task, target } = batch;
  const { placed, quarantined } = await ports.ledger.batchOf(task);
  const earlier = await earlierCalls(ports, { task, manifest: target.manifest, placed });
  const parts = { journal: ports.journal, task, calls: target.manifest.calls, placed, now: ports.now };
  const once = new OnceGate(parts, earlier);
  const touched = new TouchedObjects();
  const leased = leaseGate(ports.leases, task.id, touched.gate(once.gate(refuseOnceCalls)));
  const beforeWrite = once.afterAnswers(leased);
  const own = { ...batch, options: { ...batch.options, beforeWrite } };
  const gate = await openHookGate(ports, own, { hook: 'execute', placed });
  const uncounted = uncountedCalls(earlier, task);
  const run = new BatchRun(ports, own, { once, touched, gate, quarantined, uncounted });
  if (await hasStoppedAtPrepare(ports.ledger, task)) return run.leaveUncomputed(placed);
  return run.run(placed);
}

/** Calls that an earlier try of these objects has made in this run. */
async function earlierCalls(
  { journal }: TaskPorts,
  {
    task,
    manifest,
    placed,
  }: { task: ClaimedTask; manifest: PluginManifest; placed: readonly PlacedObject[] },
) {
  const isFirstTry = task.leaseToken === 1 && task.attempt === 1;
  if (isFirstTry || task.run.mode === 'plan' || !sendsOnce(manifest)) return [];
  return journal.callsOf(
    task.run.id,
    placed.map(({ objectSeq }) => objectSeq),
  );
}

/** How many calls a try of this task has made whose process died before it could count them. */
function uncountedCalls(earlier: readonly JournaledCall[], { id, leaseToken, deaths }: ClaimedTask): number {
  if (deaths === 0) return 0;
  return earlier.filter((call) => call.taskId === id && call.leaseToken < leaseToken).length;
}

class BatchRun {
  readonly #ports: TaskPorts;
  readonly #batch: PreparedTask;
  readonly #once: OnceGate;
  readonly #touched: TouchedObjects;
  readonly #gate: HookGate;
  readonly #quarantined: ReadonlySet<number>;
  readonly #uncounted: number;

  constructor(
    ports: TaskPorts,
    batch: PreparedTask,
    gates: {
      once: OnceGate;
      touched: TouchedObjects;
      gate: HookGate;
      quarantined: ReadonlySet<number>;
      uncounted: number;
    },
  ) {
    this.#uncounted = gates.uncounted;
    this.#quarantined = gates.quarantined;
    this.#ports = ports;
    this.#batch = batch;
    this.#once = gates.once;
    this.#touched = gates.touched;
    this.#gate = gates.gate;
  }

  get #manifest(): PluginManifest {
    return this.#batch.target.manifest;
  }

  /** A batch of a plan whose `prepare` came to a write. */
  leaveUncomputed(placed: readonly PlacedObject[]): Promise<ClaimResult | undefined> {
    const verdicts: Verdicts = {
      outcomes: placed.map(notComputed),
      decided: [],
      deferred: [],
      again: [],
      waiting: [],
      parked: [],
    };
    return this.#settle(verdicts, { figures: NO_FIGURES, placed: [] });
  }

  async run(placed: readonly PlacedObject[]): Promise<ClaimResult | undefined> {
    const { task } = this.#batch;
    const { offered, withheld, decided, deferred } = this.#sort(placed);
    const objects = offered.flatMap(({ object }) => (object === undefined ? [] : [object]));
    const given: unknown[] = [];
    const result =
      objects.length === 0
        ? ({ ok: true, value: [], figures: NO_FIGURES } as const)
        : await this.#invoke(objects, given);
    const verdicts: Verdicts = { outcomes: withheld, decided, deferred, again: [], waiting: [], parked: [] };
    if (result.ok) {
      await this.#takeAnswers(offered, result.value, verdicts);
      return this.#settle(verdicts, { figures: result.figures, placed, cleanFirst: true });
    }
    const { fault, figures } = result;
    const answeredIds = new Set(given.map((outcome) => (outcome as { objectId?: unknown } | null)?.objectId));
    const isAnswered = ({ object }: PlacedObject) => object !== undefined && answeredIds.has(object.id);
    const rest = offered.filter((one) => !isAnswered(one));
    const decisions = this.#decide(fault, figures);
    const isTouched = rest.some((one) => this.#isTouched(one, figures));
    const decision = isTouched ? decisions.touched : decisions.untouched;
    const unsent = rest.filter(({ objectSeq }) => this.#once.standing(objectSeq).state === 'unsent');
    const next = await takeApart(this.#ports.ledger, this.#batch, {
      fault,
      offered,
      rest: unsent,
      log: figures.log,
    });
    const isWhole = rest.length === placed.length && !rest.some((one) => this.#isOpen(one));
    if (decision.do === 'postpone' && isWhole && next === undefined) {
      await this.#ports.ledger.postpone(task, { ...decision, fault, figures });
      return undefined;
    }
    await this.#takeAnswers(offered.filter(isAnswered), given, verdicts);
    const settled = next === undefined ? rest : rest.filter((one) => !unsent.includes(one));
    for (const one of settled) this.#settleRest(one, { fault, figures, decisions, verdicts });
    if (next !== undefined) verdicts.decided.push(...next.outcomes);
    return this.#settle(verdicts, {
      figures,
      placed,
      ...(decision.do !== 'postpone' && decision.stopsRun ? { runFault: fault } : {}),
      waitsFor: { fault, parkedAt: decisions.at },
      ...(next === undefined ? {} : { suspects: next.suspects, quarantined: next.quarantined }),
    });
  }

  /** The journal decides over what an earlier try has sent; a stopped run sends nothing new. */
  #sort(placed: readonly PlacedObject[]): Sorted {
    const { task } = this.#batch;
    const sorted: Sorted = { offered: [], withheld: [], decided: [], deferred: [] };
    const isGivenUp = task.deaths > MAX_DEATHS;
    for (const one of placed) {
      const standing = this.#once.standing(one.objectSeq);
      const isLost = one.object === undefined || isGivenUp;
      if (standing.state === 'open') sorted.decided.push(unknownRow(one, noAnswer(standing.reason)));
      else if (standing.state === 'answered' && (isLost || standing.reply === undefined)) {
        sorted.decided.push(unknownRow(one, answerUnread(standing.status)));
      } else if (standing.state === 'unsent' && isGivenUp) {
        sorted.decided.push({ ...rowOf(one), status: 'failed', ...workerLost(task.deaths) });
      } else if (standing.state === 'unsent' && task.run.stopped !== undefined) {
        sorted.deferred.push(one.position);
      } else if (standing.state === 'unsent' && this.#quarantined.has(one.objectSeq)) {
        sorted.decided.push(keptBack(one));
      } else {
        const withheld = standing.state === 'unsent' ? this.#gate.withhold(one) : undefined;
        if (withheld === undefined) sorted.offered.push(one);
        else sorted.withheld.push(withheld);
      }
    }
    return sorted;
  }

  async #invoke(objects: PluginObject[], given: unknown[]): ReturnType<typeof invokeHook> {
    const { task, options } = this.#batch;
    const { batchIndex: index, isFirstOfPass } = task;
    const own = {
      ...options,
      beforeWrite: this.#gate.beforeWrite,
      onOutcomes: async (some: unknown[]) => void given.push(...some),
      ...(task.isSuspect ? { ownProcess: true } : {}),
    };
    const invocation = {
      hook: 'execute',
      objects,
      index,
      isFirstOfPass,
      prepared: task.run.prepared,
    } as const;
    try {
      return await invokeHook(this.#ports, { ...this.#batch, options: own }, invocation);
    } finally {
      await this.#once.answersKept();
    }
  }

  async #takeAnswers(offered: readonly PlacedObject[], answer: unknown, verdicts: Verdicts): Promise<void> {
    const { task } = this.#batch;
    const books = balanceBooks(offered, answer, { emits: this.#manifest.emits ?? [], mayPend: true });
    await reportBreaches(this.#ports.ledger, task, books.breaches);
    const now = this.#ports.now();
    for (const pending of books.pending) this.#takePending(pending, { verdicts, now });
    const dueAt = new Date(now.getTime() + 1_000 * 4 ** (task.attempt - 1));
    // A part of a batch would send other requests than the whole of it: those that a plan shows are of the whole.
    const isOfPlan = task.run.mode === 'plan' || task.run.planId !== undefined;
    for (const answer of books.outcomes) {
      const { placed } = answer;
      const outcome = this.#gate.rule(placed, answer) ?? answer;
      const standing = this.#once.standing(placed.objectSeq);
      const unknown = judgeOutcome(outcome, standing);
      const most = outcome.code === 'DATABASE_UNREACHABLE' ? MAX_OUTAGES : MAX_ATTEMPTS;
      const mayTryAgain =
        outcome.retryable === true && standing.state === 'unsent' && task.attempt < most && !isOfPlan;
      if (unknown !== undefined) verdicts.decided.push(unknownRow(placed, unknown));
      else if (mayTryAgain) verdicts.again.push({ position: placed.position, dueAt });
      else verdicts.outcomes.push(outcome);
    }
  }

  /** The vendor works on it, unless a gate kept its write back or its once-only call was left open. */
  #takePending(pending: CheckedPending, { verdicts, now }: { verdicts: Verdicts; now: Date }): void {
    const { placed } = pending;
    const { run } = this.#batch.task;
    const ruled = this.#gate.rule(placed) ?? (run.mode === 'plan' ? notAwaited(placed) : undefined);
    const standing = this.#once.standing(placed.objectSeq);
    if (ruled !== undefined) verdicts.outcomes.push(ruled);
    else if (standing.state === 'open') verdicts.decided.push(unknownRow(placed, noAnswer(standing.reason)));
    else verdicts.parked.push(park(pending, { manifest: this.#manifest, now }));
  }

  #isOpen({ objectSeq }: PlacedObject): boolean {
    return this.#once.standing(objectSeq).state === 'open';
  }

  #isTouched({ object }: PlacedObject, figures: InvocationFigures): boolean {
    return figures.vendorWrites > 0 && object !== undefined && this.#touched.has(object.id);
  }

  #decide(
    fault: FaultRecord,
    figures: InvocationFigures,
  ): { at: Date; untouched: FaultDecision; touched: FaultDecision } {
    const { task, options } = this.#batch;
    const at = this.#ports.now();
    const situation = {
      attempt: task.attempt,
      waitingSince: task.waitingSince,
      maxWaitMs: this.#manifest.limits.maxWaitMs,
      isCancelled: wasCancelled(options.signal) || options.windDown?.aborted === true,
      now: at,
    };
    return {
      at,
      untouched: decideFault(fault, { ...situation, vendorWrites: 0 }),
      touched: decideFault(fault, { ...situation, vendorWrites: figures.vendorWrites }),
    };
  }

  /** An object over which the hook ended with a fault before it answered for it. */
  #settleRest(
    one: PlacedObject,
    {
      fault,
      figures,
      decisions,
      verdicts,
    }: {
      fault: FaultRecord;
      figures: InvocationFigures;
      decisions: { untouched: FaultDecision; touched: FaultDecision };
      verdicts: Verdicts;
    },
  ): void {
    const { position } = one;
    const standing = this.#once.standing(one.objectSeq);
    const decision = this.#isTouched(one, figures) ? decisions.touched : decisions.untouched;
    const failed = (): void => {
      const { code, message } = fault;
      verdicts.decided.push({ ...rowOf(one), status: 'failed', code, message });
    };
    if (standing.state === 'open') verdicts.decided.push(unknownRow(one, noAnswer(standing.reason)));
    else if (standing.state === 'answered') {
      const mayReplay = standing.reply !== undefined && this.#batch.task.attempt < MAX_ATTEMPTS;
      if (mayReplay)
        queueOf(verdicts, decision).push({ position, dueAt: dueAtOf(decision) ?? this.#ports.now() });
      else if (standing.isDone) verdicts.decided.push(unknownRow(one, answerUnread(standing.status)));
      else failed();
    } else if (decision.do === 'postpone')
      queueOf(verdicts, decision).push({ position, dueAt: decision.dueAt });
    else if (decision.do === 'defer') verdicts.deferred.push(position);
    else {
      const known = this.#gate.rule(one);
      if (known === undefined) failed();
      else verdicts.outcomes.push(known);
    }
  }

  async #settle(
    { outcomes, decided, deferred, again, waiting, parked }: Verdicts,
    {
      figures,
      placed,
      waitsFor,
      cleanFirst = false,
      runFault,
      suspects = [],
      quarantined = [],
    }: Pick<Settlement, 'runFault' | 'suspects' | 'quarantined'> & {
      figures: InvocationFigures;
      /** All objects of the batch. */
      placed: readonly PlacedObject[];
      /** What those that wait have met, and when. */
      waitsFor?: { fault: FaultRecord; parkedAt: Date };
      cleanFirst?: boolean;
    },
  ): Promise<ClaimResult | undefined> {
    const manifest = this.#manifest;
    const rows = toRows(outcomes, manifest, this.#ports.now());
    const settled = new Set([...rows.outcomes, ...decided].map(({ position }) => position));
    // What goes to another try is recorded by that.
    const plan = this.#gate.record(placed.filter(({ position }) => settled.has(position)));
    const isPlanned = plan !== undefined && plan.requests.length > 0;
    const hasWritten = figures.vendorWrites > 0 || !writes(manifest);
    const settlement: Settlement = {
      task: this.#batch.task,
      figures: {
        ...figures,
        vendorCalls: figures.vendorCalls + this.#uncounted,
        // What must not be repeated is a write.
        vendorWrites: figures.vendorWrites + this.#uncounted,
      },
      reads: manifest.reads ?? [],
      ...sentRevisions(this.#batch.task, placed),
      ...rows,
      outcomes: [...rows.outcomes, ...decided],
      cleanFirst: isPlanned || (cleanFirst && hasWritten),
      ...(plan === undefined ? {} : { plan }),
      ...(again.length === 0 ? {} : { again: queued(again) }),
      ...(waiting.length === 0 || waitsFor === undefined
        ? {}
        : { waiting: { ...queued(waiting), ...waitsFor } }),
      ...(parked.length === 0 ? {} : { parked }),
      ...(suspects.length === 0 ? {} : { suspects }),
      ...(quarantined.length === 0 ? {} : { quarantined }),
      ...(deferred.length === 0 ? {} : { deferred: rangesOf(deferred) }),
      ...(runFault === undefined ? {} : { runFault }),
    };
    return this.#ports.ledger.settleBatch(settlement, { claimNext: this.#batch.nextWorker() });
  }
}

function queueOf({ again, waiting }: Verdicts, decision: FaultDecision): Verdicts['again'] {
  return decision.do === 'postpone' && decision.parkedAt !== undefined ? waiting : again;
}

/** As one task, due with the last of them. */
function queued(again: Verdicts['again']): NonNullable<Settlement['again']> {
  return {
    positions: again.map(({ position }) => position),
    dueAt: new Date(Math.max(...again.map(({ dueAt }) => dueAt.getTime()))),
  };
}

function dueAtOf(decision: FaultDecision): Date | undefined {
  return decision.do === 'postpone' ? decision.dueAt : undefined;
}
