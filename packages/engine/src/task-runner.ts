import { type Fault, type FaultRecord, asFault, isFault, toFaultRecord } from '@drover/model';
import { decideFault } from './decide-fault.js';
import { giveBatchBack } from './give-batch-back.js';
import { invokeHook, wasCancelled } from './invoke-hook.js';
import { giveUpPoll, runPoll } from './polls/run-poll.js';
import { faultReason } from './polls/unsettled.js';
import type { InvocationFigures } from './ports/plugin-runtime.js';
import type { ClaimResult, ClaimedTask, Worker } from './ports/run-ledger.js';
import { runBatch } from './run-batch.js';
import { RunTargets } from './run-targets.js';
import { runWholeTask } from './run-whole-task.js';
import type { PreparedTask, TaskPorts } from './task-ports.js';
import type { HookGate } from './write-gates/hook-gate.js';
import { openHookGate } from './write-gates/open-hook-gate.js';
import { hasStoppedAtPrepare, sumsForFinish } from './write-gates/plan-so-far.js';
import { leaseGate, refuseOnceCalls } from './write-gates/write-gate.js';

const NO_FIGURES: InvocationFigures = { vendorCalls: 0, vendorWrites: 0, waitedMs: 0, log: [] };

/** What reaches a task while it runs, and what it asks for at its end. */
interface TaskSignals {
  /** Cuts it off. */
  signal: AbortSignal;
  /** Has it begin nothing new. */
  windDown: AbortSignal;
  nextWorker: () => Worker | undefined;
}

/** Runs one claimed task to its settlement. A lost lease ends it without a trace in the store. */
export class TaskRunner {
  readonly #ports: TaskPorts;
  readonly #targets: RunTargets;

  constructor(ports: TaskPorts) {
    this.#ports = ports;
    this.#targets = new RunTargets(ports);
  }

  /** What was claimed with its settlement, for the worker that `nextWorker` names then; nothing where no claim was made. */
  async run(task: ClaimedTask, how: TaskSignals): Promise<ClaimResult | undefined> {
    try {
      const prepared = await this.#prepare(task, how);
      if (!isFault(prepared)) return (await this.#dispatch(prepared)) ?? undefined;
      await this.#stopRun(task, toFaultRecord(prepared));
    } catch (thrown) {
      if (asFault(thrown).code !== 'LEASE_LOST') throw thrown;
    }
    return undefined;
  }

  #dispatch(prepared: PreparedTask): Promise<ClaimResult | undefined | void> {
    switch (prepared.task.kind) {
      case 'prepare':
        return this.#runPrepare(prepared);
      case 'batch':
        return runBatch(this.#ports, prepared);
      case 'all':
        return runWholeTask(this.#ports, prepared);
      case 'poll':
        return runPoll(this.#ports, prepared);
      case 'finish':
        return this.#runFinish(prepared);
    }
  }

  async #prepare(
    task: ClaimedTask,
    { signal, windDown, nextWorker }: TaskSignals,
  ): Promise<PreparedTask | Fault> {
    const { leases } = this.#ports;
    const known = await this.#targets.of(task.run);
    if (isFault(known)) return known;
    const { plugin, connection } = known;
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
        windDown,
        beforeWrite: leaseGate(leases, task.id, refuseOnceCalls),
        beforeRead: () => leases.check(task.id),
      },
      nextWorker,
    };
  }

  async #runPrepare(prepared: PreparedTask): Promise<void> {
    const { task } = prepared;
    const gate = await openHookGate(this.#ports, prepared, { hook: 'prepare', placed: [] });
    const result = await invokeHook(this.#ports, gated(prepared, gate), { hook: 'prepare' });
    const plan = gate.record([]);
    if (plan !== undefined && gate.hasStopped) {
      return this.#ports.ledger.settlePrepare(task, null, result.figures, { plan });
    }
    if (result.ok) {
      const { value, figures, oneByOne = false } = result;
      return this.#ports.ledger.settlePrepare(task, value, figures, { oneByOne });
    }
    const decision = this.#decide(prepared, result);
    if (decision.do === 'postpone')
      await this.#ports.ledger.postpone(task, { ...decision, fault: result.fault, figures: result.figures });
    else
      await this.#stopRun(
        task,
        wasCancelled(prepared.options.signal) ? undefined : result.fault,
        result.figures,
      );
  }

  async #runFinish(finish: PreparedTask): Promise<void> {
    const { task } = finish;
    const { ledger } = this.#ports;
    const { isPrepared, prepared, stopped } = task.run;
    if (!isPrepared || (await hasStoppedAtPrepare(ledger, task))) {
      await ledger.endRun(task, { figures: NO_FIGURES });
      return;
    }
    const gate = await openHookGate(this.#ports, finish, { hook: 'finish', placed: [] });
    const result = await invokeHook(this.#ports, gated(finish, gate), {
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
    const decision = this.#decide(finish, result);
    if (decision.do === 'postpone')
      await ledger.postpone(task, { ...decision, fault: result.fault, figures: result.figures });
    else await ledger.endRun(task, { finishFault: result.fault, figures: result.figures });
  }

  #decide(
    { task, target, options }: PreparedTask,
    { fault, figures }: { fault: FaultRecord; figures: InvocationFigures },
  ): ReturnType<typeof decideFault> {
    return decideFault(fault, {
      attempt: task.attempt,
      vendorWrites: figures.vendorWrites,
      isCancelled: wasCancelled(options.signal),
      waitingSince: task.waitingSince,
      maxWaitMs: target.manifest.limits.maxWaitMs,
      now: this.#ports.now(),
    });
  }

  /** A fault of the whole run, or its cancel: what it has not begun goes back to the pass. */
  async #stopRun(
    task: ClaimedTask,
    fault: FaultRecord | undefined,
    figures: InvocationFigures = NO_FIGURES,
  ): Promise<void> {
    if (task.kind === 'finish') {
      await this.#ports.ledger.endRun(task, { ...(fault === undefined ? {} : { fault }), figures });
      return;
    }
    if (task.kind === 'poll' && fault !== undefined) {
      return giveUpPoll(this.#ports, task, faultReason(fault), fault);
    }
    if (task.kind === 'batch' && fault !== undefined) return giveBatchBack(this.#ports, task, fault);
    await this.#ports.ledger.settleBatch({
      task,
      outcomes: [],
      attributes: [],
      statuses: [],
      figures,
      reads: [],
      deferred: task.ranges,
      ...(fault === undefined ? {} : { runFault: fault }),
    });
  }
}

function gated(prepared: PreparedTask, { beforeWrite }: HookGate): PreparedTask {
  return { ...prepared, options: { ...prepared.options, beforeWrite } };
}
