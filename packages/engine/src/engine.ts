import {
  Fault,
  type FeedId,
  type OutcomeStatus,
  type Page,
  type PageRequest,
  type PullId,
  type Run,
  type RunId,
  hasEnded,
} from '@drover/model';
import { Endings } from './endings.js';
import { Executor, type ExecutorOptions, type StartOptions } from './executor.js';
import { PullRunner } from './feeds/pull-runner.js';
import { PullWorker } from './feeds/pull-worker.js';
import { type PullSighting, watchPull } from './feeds/watch-pull.js';
import { HeldLeases } from './held-leases.js';
import { MirrorOut } from './mirror/mirror-out.js';
import type { CallJournal } from './ports/call-journal.js';
import type { ConnectionVault } from './ports/connection-vault.js';
import type { Doorbell } from './ports/doorbell.js';
import type { Leases } from './ports/leases.js';
import type { Feed, FeedLedger } from './ports/feed-ledger.js';
import type { MirrorLedger } from './ports/mirror-ledger.js';
import type { InstalledPlugin, PluginLibrary } from './ports/plugin-library.js';
import type { PluginRuntime } from './ports/plugin-runtime.js';
import type { RetentionStore } from './ports/retention-store.js';
import type {
  Pass,
  ReasonCount,
  Resolution,
  RunHold,
  RunLedger,
  RunListFilter,
  StoredOutcome,
} from './ports/run-ledger.js';
import { Retention } from './retention.js';
import { exclusiveKeyOf, runLimitsOf } from './run-limits.js';
import { type RunSubmission, type Submitted, submitRun } from './submit-run.js';
import { Scheduler } from './scheduler.js';
import { TaskRunner } from './task-runner.js';
import { type RunProgress, watchRun } from './watch-run.js';

export interface EnginePorts {
  ledger: RunLedger;
  journal: CallJournal;
  feeds: FeedLedger;
  mirrors: MirrorLedger;
  plugins: PluginLibrary;
  connections: ConnectionVault;
  leases: Leases;
  doorbell: Doorbell;
  runtime: PluginRuntime;
  /** What its scheduler forgets by, and after how many days; without it, all is kept. */
  retention?: { store: RetentionStore; days: number };
}

export type EngineOptions = Pick<ExecutorOptions, 'owner' | 'self' | 'isDead' | 'onError'> & {
  /** Tasks in flight in this process. Default 16. */
  concurrency?: number;
  /** Pulls of feeds in flight in this process, beside the tasks. Default 4. */
  pulls?: number;
  /** How long a task stays leased without a sign of life. Default 15,000. */
  leaseMs?: number;
  /** Whether other processes execute over the same store at the same time. Default false: one does, by lease. */
  shared?: boolean;
  now?: () => Date;
};

const DEFAULT_CONCURRENCY = 16;
const DEFAULT_PULLS = 4;
const DEFAULT_LEASE_MS = 15_000;

/** Runs over one store: submitting, following and steering them, and executing them while this process is the executor. */
export class Engine {
  readonly #ports: EnginePorts;
  readonly #executor: Executor;
  readonly #pulls: PullWorker;
  readonly #scheduler: Scheduler;
  readonly #mirrorOut: MirrorOut;
  readonly #endings = new Endings();
  readonly #now: () => Date;
  #isStopped = false;

  constructor(ports: EnginePorts, options: EngineOptions) {
    const { concurrency = DEFAULT_CONCURRENCY, leaseMs = DEFAULT_LEASE_MS, now = () => new Date() } = options;
    this.#ports = ports;
    const held = new HeldLeases({ leaseMs });
    const runner = new TaskRunner({ ...ports, leases: held, now });
    const { pulls = DEFAULT_PULLS, shared = false, onError } = options;
    this.#now = now;
    this.#mirrorOut = new MirrorOut(ports);
    const onEnded = (id: FeedId): void => {
      this.#mirrorOut.expect(id);
      this.#endings.tell();
    };
    this.#pulls = new PullWorker(
      { feeds: ports.feeds, runner: new PullRunner({ ...ports, now, onEnded }) },
      { owner: options.owner, concurrency: pulls, leaseMs, now, onError },
    );
    this.#executor = new Executor(
      { ...ports, held, runner, side: this.#pulls },
      { ...options, concurrency, leaseMs, shared, now, onRunEnded: () => this.#endings.tell() },
    );
    this.#scheduler = new Scheduler(
      { leases: ports.leases, sources: [ports.feeds, this.#mirrorOut, ...retentionOf(ports)] },
      { ...options, leaseMs, now, onFired: () => this.#pulls.wake() },
    );
  }

  /** Queues a run over the next slice of the pass; it executes when some process is the executor. */
  async submit(submission: RunSubmission): Promise<Submitted> {
    const submitted = await submitRun(this.#ports, submission);
    if (submitted.runId !== undefined) await this.#ports.doorbell.ring();
    return submitted;
  }

  /**
   * Queues the run that does what a plan showed. Faults: `NOT_FOUND`, `INVALID_ARGUMENT` for a run that is no plan,
   * `PLAN_INCOMPLETE`, `PLAN_STALE` (its positions were taken, or the plugin was changed), `RUN_IN_PROGRESS`.
   */
  async applyPlan(planId: RunId): Promise<RunId> {
    const { ledger } = this.#ports;
    const plan = await this.run(planId);
    if (plan.mode !== 'plan') {
      throw new Fault('INVALID_ARGUMENT', `${planId} is no plan; "drover action run … --plan" makes one.`);
    }
    const plugin = await this.#pluginOf(plan);
    const pass = await this.#passOf(plan);
    if (plugin.bundleDigest !== pass.bundleDigest) {
      throw new Fault(
        'PLAN_STALE',
        `${plugin.pluginId} is another version than the one that ${planId} was made with; plan again.`,
      );
    }
    const exclusiveKey = exclusiveKeyOf(plugin.manifest, plan.connectionId, pass.config);
    const runId = await ledger.createApply(planId, exclusiveKey === undefined ? {} : { exclusiveKey });
    await this.#ports.doorbell.ring();
    return runId;
  }

  /** It and its runs may be forgotten at any time after their end. */
  async #passOf({ id, passId }: Run): Promise<Pass> {
    const pass = await this.#ports.ledger.pass(passId);
    if (pass !== undefined) return pass;
    throw noRun(id);
  }

  async #pluginOf({ pluginId }: Run): Promise<InstalledPlugin> {
    const plugin = await this.#ports.plugins.find(pluginId);
    if (plugin !== undefined) return plugin;
    throw new Fault('NOT_FOUND', `Plugin ${pluginId} is not installed any more.`);
  }

  /** Queues a run over the objects that failed in an ended run. Faults: `NOT_FOUND`, `RUN_IN_PROGRESS`, `NOTHING_TO_RETRY`. */
  async retry(runId: RunId): Promise<RunId> {
    const { ledger } = this.#ports;
    const run = await this.run(runId);
    if (run.mode === 'plan') {
      throw new Fault('NOTHING_TO_RETRY', `${runId} is a plan and sent nothing; plan again instead.`);
    }
    if (!hasEnded(run.status)) {
      throw new Fault('RUN_IN_PROGRESS', `${runId} has not ended; retry its failed objects after it has.`);
    }
    const pass = await this.#passOf(run);
    const plugin = await this.#ports.plugins.findVersion(run.pluginId, pass.bundleDigest);
    if (plugin === undefined) {
      throw new Fault('NOT_FOUND', `The version of ${run.pluginId} that ${runId} began with is gone.`);
    }
    const exclusiveKey = exclusiveKeyOf(plugin.manifest, run.connectionId, pass.config);
    const retried = await ledger.createRetry(runId, {
      trigger: 'manual',
      limits: runLimitsOf(plugin.manifest),
      ...(exclusiveKey === undefined ? {} : { exclusiveKey }),
    });
    await this.#ports.doorbell.ring();
    return retried;
  }

  async run(runId: RunId): Promise<Run & { hold: RunHold }> {
    const run = await this.#ports.ledger.run(runId);
    if (run === undefined) throw noRun(runId);
    return run;
  }

  listRuns(request: PageRequest & RunListFilter): Promise<Page<Run & { hold: RunHold }>> {
    return this.#ports.ledger.listRuns(request);
  }

  outcomes(runId: RunId, request: PageRequest & { status?: OutcomeStatus }): Promise<Page<StoredOutcome>> {
    return this.#ports.ledger.outcomes(runId, request);
  }

  reasons(runId: RunId, limit: number): Promise<ReasonCount[]> {
    return this.#ports.ledger.reasons(runId, limit);
  }

  watch(runId: RunId, options: { signal?: AbortSignal } = {}): AsyncGenerator<RunProgress> {
    return watchRun({ ledger: this.#ports.ledger, endings: this.#endings }, runId, options);
  }

  /**
   * What is in flight settles, the rest is deferred; with `atOnce` what is in flight is cut off, by whichever process
   * executes it within a second. Faults: `NOT_FOUND`, `RUN_ENDED`.
   */
  async cancel(runId: RunId, { atOnce = false }: { atOnce?: boolean } = {}): Promise<void> {
    await this.#ports.ledger.requestCancel(runId, { atOnce });
    await this.#executor.heedCancels();
    await this.#ports.doorbell.ring();
  }

  /**
   * A person's word on objects whose outcome is `unknown`. Faults: `NOT_FOUND`, `RUN_IN_PROGRESS` for a run that has not
   * ended, `NOT_UNKNOWN`.
   */
  resolve(runId: RunId, resolution: Resolution): Promise<number> {
    return this.#ports.ledger.resolveUnknown(runId, resolution);
  }

  /**
   * Asks for a pull of the feed now; one that is open goes on. It is done when some process is the executor. With `restart`
   * it begins where the first one did. Fault: `PULL_IN_PROGRESS`.
   */
  async requestPull(feed: Feed, { restart = false }: { restart?: boolean } = {}): Promise<PullId> {
    const pullId = await this.#ports.feeds.request(feed.id, { now: this.#now(), restart });
    await this.#pulls.wake();
    return pullId;
  }

  watchPull(id: PullId, options: { signal?: AbortSignal } = {}): AsyncGenerator<PullSighting> {
    return watchPull({ feeds: this.#ports.feeds, endings: this.#endings, now: this.#now }, id, options);
  }

  /**
   * Takes the next step of sending the feed's local changes: settles what has ended, and queues a run over what has changed
   * since. Returns that run; undefined when there is nothing to send, or a send is under way.
   */
  mirrorOut(id: FeedId): Promise<RunId | undefined> {
    return this.#mirrorOut.advance(id, { now: this.#now() });
  }

  get isExecuting(): boolean {
    return this.#executor.isExecuting;
  }

  /** It was told to stop. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Executes what is due: at once, or, where one process executes alone, as soon as the present one is gone. */
  start(options: StartOptions = {}): Promise<void> {
    return this.#executor.start(options);
  }

  /** Fires what is due, now or as soon as the process that does so is gone. */
  startScheduler(): Promise<void> {
    return this.#scheduler.start();
  }

  /**
   * Lets what is in flight settle and stops its sandboxes. Pulls stop after the page that is being kept. What is still in
   * flight after `drainMs` is aborted, and taken up again by others.
   */
  async stop(options: { drainMs?: number } = {}): Promise<void> {
    this.#isStopped = true;
    // Beside each other: the time to drain runs from now.
    await this.#end([this.#scheduler.stop(), this.#executor.stop(options)]);
  }

  /** Aborts what is in flight; its tasks are taken up again by the next executor. */
  async abort(): Promise<void> {
    this.#isStopped = true;
    await this.#end([this.#scheduler.stop(), this.#executor.abort()]);
  }

  /** What does not end well keeps the rest from nothing. */
  async #end(endings: Promise<void>[]): Promise<void> {
    const ends = await Promise.allSettled(endings);
    await this.#ports.runtime.close();
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}

function retentionOf({ retention }: EnginePorts): Retention[] {
  return retention === undefined ? [] : [new Retention(retention.store, { days: retention.days })];
}

function noRun(id: RunId): Fault {
  return new Fault('NOT_FOUND', `There is no run ${id}; "drover run list" shows them.`);
}
