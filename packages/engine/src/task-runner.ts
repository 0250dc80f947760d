import { Fault, type FaultRecord, type PluginManifest, asFault, isFault, toFaultRecord } from '@drover/model';
import { type CheckedOutcome, balanceBooks } from './balance-books.js';
import { decideFault } from './decide-fault.js';
import type { Invocation, InvocationFigures, InvocationResult } from './ports/plugin-runtime.js';
import type { ClaimedTask, PlacedObject, Settlement } from './ports/run-ledger.js';
import { runWholeTask } from './run-whole-task.js';
import { sendsOnce, toRows, writes } from './settlement-rows.js';
import type { PreparedTask, TaskPorts } from './task-ports.js';
import type { HookGate } from './write-gates/hook-gate.js';
import { openHookGate } from './write-gates/open-hook-gate.js';
import { notComputed } from './write-gates/plan-gate.js';
import { hasStoppedAtPrepare, sumsForFinish } from './write-gates/plan-so-far.js';

const NO_FIGURES: InvocationFigures = { vendorCalls: 0, vendorWrites: 0, waitedMs: 0, log: [] };
/** A task whose workers died this often is given up: it is likelier its cause than its victim. */
const MAX_DEATHS = 5;

/** Runs one claimed task to its settlement. A lost lease ends it without a trace in the store. */
export class TaskRunner {
  readonly #ports: TaskPorts;

  constructor(ports: TaskPorts) {
    this.#ports = ports;
  }

  async run(task: ClaimedTask, signal: AbortSignal): Promise<void> {
    try {
      const prepared = await this.#prepare(task, signal);
      if (isFault(prepared)) await this.#stopRun(task, toFaultRecord(prepared));
      else await this.#dispatch(prepared);
    } catch (thrown) {
      if (asFault(thrown).code !== 'LEASE_LOST') throw thrown;
    }
  }

  #dispatch(prepared: PreparedTask): Promise<void> {
    switch (prepared.task.kind) {
      case 'prepare':
        return this.#runPrepare(prepared);
      case 'batch':
        return this.#runBatch(prepared);
      case 'all':
        return runWholeTask(this.#ports, prepared);
      case 'finish':
        return this.#runFinish(prepared);
    }
  }

  async #prepare(task: ClaimedTask, signal: AbortSignal): Promise<PreparedTask | Fault> {
    const { plugins, connections, leases } = this.#ports;
    const plugin = await plugins.find(task.run.pluginId);
    if (plugin === undefined) {
      return new Fault('NOT_FOUND', `Plugin ${task.run.pluginId} is not installed any more.`);
    }
    const connection = await connections.find(task.run.connectionId);
    if (connection === undefined) {
      return new Fault('NOT_FOUND', `Connection ${task.run.connectionId} of the run is gone.`);
    }
    const { run } = task;
    return {
      task,
      target: { bundleDigest: run.bundleDigest, manifest: plugin.manifest, connection },
      context: {
        config: run.config,
        run: {
          id: run.id,
          mode: run.mode,
          trigger: run.trigger,
          pass: { isFirstSlice: run.isFirstSlice, isLastSlice: run.isLastSlice, remaining: run.remaining },
          startedAt: run.startedAt.toISOString(),
          attempt: task.attempt,
        },
      },
      options: {
        signal,
        async beforeWrite() {
          leases.check(task.id);
          return { do: 'send' };
        },
      },
    };
  }

  async #runPrepare(prepared: PreparedTask): Promise<void> {
    const { task, target } = prepared;
    const gate = await openHookGate(this.#ports, prepared, { hook: 'prepare', placed: [] });
    const result = await this.#invoke(gated(prepared, gate), { hook: 'prepare' });
    const plan = gate.record([]);
    if (plan !== undefined && gate.hasStopped) {
      return this.#ports.ledger.settlePrepare(task, null, result.figures, plan);
    }
    if (result.ok) return this.#ports.ledger.settlePrepare(task, result.value, result.figures);
    const decision = this.#decide(task, target.manifest, result);
    if (decision.do === 'postpone')
      await this.#ports.ledger.postpone(task, { ...decision, figures: result.figures });
    else await this.#stopRun(task, result.fault, result.figures);
  }

  async #runBatch(batch: PreparedTask): Promise<void> {
    const { task, target } = batch;
    const placed = await this.#ports.ledger.objectsOf(task.run.passId, task.ranges);
    const { manifest } = target;
    if (task.deaths > MAX_DEATHS) return this.#giveUp(task, manifest, placed);
    if (task.deaths > 0 && maySendOnce(task, manifest)) return this.#leaveUnknown(task, manifest, placed);
    if (await hasStoppedAtPrepare(this.#ports.ledger, task)) {
      return this.#settle(batch, { outcomes: placed.map(notComputed), placed, figures: NO_FIGURES });
    }
    const gate = await openHookGate(this.#ports, batch, { hook: 'execute', placed });
    const withheld = placed.flatMap((one) => gate.withhold(one) ?? []);
    const kept = new Set(withheld.map((outcome) => outcome.placed));
    const offered = placed.filter((one) => !kept.has(one));
    const objects = offered.flatMap(({ object }) => (object === undefined ? [] : [object]));
    const { batchIndex: index, isFirstOfPass } = task;
    const { prepared } = task.run;
    const given: unknown[] = [];
    const result =
      objects.length === 0
        ? ({ ok: true, value: [], figures: NO_FIGURES } as const)
        : await this.#invoke(
            {
              ...batch,
              options: {
                ...batch.options,
                beforeWrite: gate.beforeWrite,
                onOutcomes: async (some) => void given.push(...some),
              },
            },
            { hook: 'execute', objects, index, isFirstOfPass, prepared },
          );
    if (!result.ok) return this.#settleFault(batch, { ...result, offered, withheld, given, gate });
    const books = balanceBooks(offered, result.value, { emits: manifest.emits ?? [] });
    await this.#reportBreaches(task, books.breaches);
    const ruled = books.outcomes.map((outcome) => gate.rule(outcome.placed, outcome) ?? outcome);
    const { figures } = result;
    await this.#settle(batch, { outcomes: [...withheld, ...ruled], placed, figures, gate });
  }

  /** A hook that ended with a fault: what it had answered by then counts, the rest goes as the fault decides. */
  async #settleFault(
    { task, target: { manifest } }: PreparedTask,
    failure: {
      fault: FaultRecord;
      figures: InvocationFigures;
      offered: readonly PlacedObject[];
      withheld: readonly CheckedOutcome[];
      given: unknown[];
      gate: HookGate;
    },
  ): Promise<void> {
    const { fault, figures, offered, withheld, given, gate } = failure;
    const { ledger } = this.#ports;
    const decision = this.#decide(task, manifest, failure);
    if (decision.do === 'postpone' && given.length === 0) {
      return ledger.postpone(task, { ...decision, figures });
    }
    const answeredIds = new Set(given.map((outcome) => (outcome as { objectId?: unknown } | null)?.objectId));
    const isAnswered = ({ object }: PlacedObject) => object !== undefined && answeredIds.has(object.id);
    const answered = offered.filter(isAnswered);
    const books = balanceBooks(answered, given, { emits: manifest.emits ?? [] });
    const rest = offered.filter((one) => !isAnswered(one));
    const ruled = books.outcomes.map((outcome) => gate.rule(outcome.placed, outcome) ?? outcome);
    const settled = toRows([...withheld, ...ruled], manifest, this.#ports.now());
    // What goes to another try is recorded by that.
    const plan = gate.record(decision.do === 'settle' ? offered : answered);
    const base = { ...this.#settlement(task, manifest, figures), ...settled, ...(plan ? { plan } : {}) };
    const positions = rest.map(({ position }) => position);
    if (decision.do === 'postpone') {
      return ledger.settleBatch({ ...base, again: { positions, dueAt: decision.dueAt } });
    }
    const runFault = decision.stopsRun ? { runFault: fault } : {};
    if (decision.do === 'defer') {
      const deferred = positions.map((position) => ({ from: position, to: position + 1 }));
      return ledger.settleBatch({
        ...base,
        deferred: given.length + withheld.length === 0 ? task.ranges : deferred,
        ...runFault,
      });
    }
    const { code, message } = fault;
    const known = rest.flatMap((one) => gate.rule(one) ?? []);
    const stopped = new Set(known.map(({ placed }) => placed));
    const failed = rest
      .filter((one) => !stopped.has(one))
      .map(({ position, objectSeq }) => ({ position, objectSeq, status: decision.as, code, message }));
    const others = toRows(known, manifest, this.#ports.now()).outcomes;
    return ledger.settleBatch({
      ...base,
      outcomes: [...settled.outcomes, ...others, ...failed],
      ...(gate.hasStopped && plan !== undefined ? { cleanFirst: true } : {}),
      ...runFault,
    });
  }

  async #runFinish(finish: PreparedTask): Promise<void> {
    const { task, target } = finish;
    const { ledger } = this.#ports;
    const { isPrepared, prepared, stopped } = task.run;
    if (!isPrepared || (await hasStoppedAtPrepare(ledger, task))) {
      await ledger.endRun(task, { figures: NO_FIGURES });
      return;
    }
    const gate = await openHookGate(this.#ports, finish, { hook: 'finish', placed: [] });
    const result = await this.#invoke(gated(finish, gate), {
      hook: 'finish',
      prepared,
      ...(await sumsForFinish(ledger, task)),
      ...(stopped === undefined ? {} : { stopped }),
    });
    const plan = gate.record([]);
    if (result.ok || (plan !== undefined && gate.hasStopped)) {
      await ledger.endRun(task, { figures: result.figures, ...(plan === undefined ? {} : { plan }) });
      return;
    }
    const decision = this.#decide(task, target.manifest, result);
    if (decision.do === 'postpone') await ledger.postpone(task, { ...decision, figures: result.figures });
    else await ledger.endRun(task, { finishFault: result.fault, figures: result.figures });
  }

  #decide(
    task: ClaimedTask,
    manifest: PluginManifest,
    { fault, figures }: { fault: FaultRecord; figures: InvocationFigures },
  ): ReturnType<typeof decideFault> {
    return decideFault(fault, {
      attempt: task.attempt,
      vendorWrites: figures.vendorWrites,
      sendsOnce: sendsOnce(manifest),
      waitingSince: task.waitingSince,
      maxWaitMs: manifest.limits.maxWaitMs,
      now: this.#ports.now(),
    });
  }

  #settlement(task: ClaimedTask, manifest: PluginManifest, figures: InvocationFigures): Settlement {
    return { task, outcomes: [], attributes: [], statuses: [], figures, reads: manifest.reads ?? [] };
  }

  async #settle(
    { task, target: { manifest } }: PreparedTask,
    {
      outcomes,
      placed,
      figures,
      gate,
    }: {
      outcomes: readonly CheckedOutcome[];
      placed: readonly PlacedObject[];
      figures: InvocationFigures;
      gate?: HookGate;
    },
  ): Promise<void> {
    // A part of a batch would send other requests than the whole of it: those that a plan shows are of the whole.
    const isOfPlan = task.run.mode === 'plan' || task.run.planId !== undefined;
    const mayRepeat = !sendsOnce(manifest) && !isOfPlan;
    const plan = gate?.record(placed);
    const again = mayRepeat ? this.#toTryAgain(task, outcomes) : [];
    const repeated = new Set(again);
    const settled = outcomes.filter((outcome) => !repeated.has(outcome));
    const dueAt = new Date(this.#ports.now().getTime() + 1_000 * 4 ** (task.attempt - 1));
    await this.#ports.ledger.settleBatch({
      ...this.#settlement(task, manifest, figures),
      ...toRows(settled, manifest, this.#ports.now()),
      cleanFirst: figures.vendorWrites > 0 || !writes(manifest) || (plan?.requests.length ?? 0) > 0,
      ...(plan === undefined ? {} : { plan }),
      ...(again.length === 0
        ? {}
        : { again: { positions: again.map(({ placed }) => placed.position), dueAt } }),
    });
  }

  #toTryAgain(task: ClaimedTask, outcomes: readonly CheckedOutcome[]): CheckedOutcome[] {
    if (task.attempt >= MAX_TRIES_OF_OBJECT) return [];
    return outcomes.filter((outcome) => outcome.status === 'failed' && outcome.retryable === true);
  }

  async #giveUp(task: ClaimedTask, manifest: PluginManifest, placed: readonly PlacedObject[]): Promise<void> {
    const status = maySendOnce(task, manifest) ? ('unknown' as const) : ('failed' as const);
    const reason = {
      status,
      code: 'WORKER_LOST',
      message: `The workers of this batch died ${task.deaths} times; it was given up. Retry the run’s failed objects in smaller batches.`,
    };
    const outcomes = placed.map(({ position, objectSeq }) => ({ position, objectSeq, ...reason }));
    await this.#ports.ledger.settleBatch({ ...this.#settlement(task, manifest, NO_FIGURES), outcomes });
  }

  /** A worker died over a batch that may have sent calls which must not be repeated. */
  async #leaveUnknown(
    task: ClaimedTask,
    manifest: PluginManifest,
    placed: readonly PlacedObject[],
  ): Promise<void> {
    const reason = {
      status: 'unknown' as const,
      code: 'NO_ANSWER',
      message:
        'The worker died while this object’s call, which must not be repeated, may have been on its way.',
    };
    const outcomes = placed.map(({ position, objectSeq }) => ({ position, objectSeq, ...reason }));
    await this.#ports.ledger.settleBatch({ ...this.#settlement(task, manifest, NO_FIGURES), outcomes });
  }

  /** A fault of the whole run: what it has not begun goes back to the pass. */
  async #stopRun(
    task: ClaimedTask,
    fault: FaultRecord,
    figures: InvocationFigures = NO_FIGURES,
  ): Promise<void> {
    if (task.kind === 'finish') {
      await this.#ports.ledger.endRun(task, { fault, figures });
      return;
    }
    await this.#ports.ledger.settleBatch({
      task,
      outcomes: [],
      attributes: [],
      statuses: [],
      figures,
      reads: [],
      deferred: task.ranges,
      runFault: fault,
    });
  }

  async #invoke(
    { task, target, context, options }: PreparedTask,
    invocation: Invocation,
  ): Promise<InvocationResult> {
    const result = await this.#ports.runtime.invoke(target, context, invocation, options);
    const { log } = result.figures;
    if (log.length > 0) await this.#ports.ledger.appendLog(task.run.id, log);
    if (result.ok || !options.signal.aborted) return result;
    // Aborted by a lost lease or by the end of this process: the task is another worker's to settle.
    throw new Fault('LEASE_LOST', `${task.id} was cut off.`);
  }

  async #reportBreaches(task: ClaimedTask, breaches: readonly string[]): Promise<void> {
    if (breaches.length === 0) return;
    const lines = breaches.map((message) => ({
      level: 'warn' as const,
      message,
      fields: { code: 'PLUGIN_CONTRACT' },
    }));
    await this.#ports.ledger.appendLog(task.run.id, lines);
  }
}

/** Tries of one object whose plugin said that trying again may help. */
const MAX_TRIES_OF_OBJECT = 3;

function gated(prepared: PreparedTask, { beforeWrite }: HookGate): PreparedTask {
  return { ...prepared, options: { ...prepared.options, beforeWrite } };
}

/** Whether a try of this task may have sent calls that must not be repeated. A plan sends none. */
function maySendOnce({ run }: ClaimedTask, manifest: PluginManifest): boolean {
  return run.mode !== 'plan' && sendsOnce(manifest);
}
