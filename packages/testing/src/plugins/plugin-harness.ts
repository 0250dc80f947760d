import {
  balanceBooks,
  type CheckedPage,
  checkPage,
  CommandGate,
  commandVerdict,
  type Connection,
  type Invocation,
  type InvocationResult,
  type InvokeOptions,
  PlanGate,
  type PlannedHook,
  type PluginTarget,
  type TransportSettings,
} from '@drover/engine';
import {
  emptyCounts,
  newId,
  type Outcome,
  type OutcomeCounts,
  type PendingObject,
  type PluginManifest,
  type PluginObject,
} from '@drover/model';
import { type Broker, type Clock, createBroker, LocalGovernor } from '@drover/plugin-host';
import type { AnyPluginDefinition, CheckStep } from '@drover/plugin-sdk';
import { answersOf, placedOf, ruled } from './harness-answers.js';
import {
  addFigures,
  addToReport,
  type CommandReport,
  type ExecuteReport,
  type ExecuteSettings,
  type HookReport,
  type HookSettings,
  type PullReport,
  type PullSettings,
  type RunReport,
} from './harness-reports.js';
import { InProcessPluginRuntime } from './in-process-plugin-runtime.js';

export interface HarnessOptions {
  definition: AnyPluginDefinition;
  /** The plugin's `plugin.json`. */
  manifest: PluginManifest;
  connection: {
    settings: Record<string, unknown>;
    secrets?: Record<string, string>;
    transport?: Partial<TransportSettings>;
  };
  /** The config of every hook unless it is given another. Nothing is filled in from the schema's defaults. */
  config?: Record<string, unknown>;
  /** Time of broker and governor, so that a test need not wait out a rate limit. Default: the system's. */
  clock?: Clock;
}

/** Most polls of one object in a run of the harness. */
const MAX_POLLS = 100;

/** A plugin over the real broker, in this process; the network below the broker is the test's to mock. */
export function createHarness(options: HarnessOptions): PluginHarness {
  return new PluginHarness(options);
}

export class PluginHarness {
  readonly #target: PluginTarget;
  readonly #config: Record<string, unknown>;
  readonly #broker: Broker;
  readonly #runtime: InProcessPluginRuntime;
  #prepared: unknown = null;
  #runs = 1;
  #isStopped = false;

  constructor({ definition, manifest, connection, config = {}, clock }: HarnessOptions) {
    const { secrets = {} } = connection;
    this.#target = { bundleDigest: '0'.repeat(64), manifest, connection: connectionOf(manifest, connection) };
    this.#config = config;
    this.#broker = createBroker({
      vault: { reveal: async () => secrets },
      governor: new LocalGovernor(clock ? { now: () => clock.now() } : {}),
      ...(clock ? { clock } : {}),
      random: () => 0,
    });
    this.#runtime = new InProcessPluginRuntime({
      broker: this.#broker,
      plugins: { [manifest.id]: definition },
    });
  }

  testConnection(settings: HookSettings = {}): Promise<HookReport<CheckStep[]>> {
    return this.#report('prepare', { hook: 'testConnection' }, settings);
  }

  /**
   * Runs a command on an input, which is handed over as it is. A destructive call is taken as confirmed.
   */
  async command<Output = unknown>(
    input: Record<string, unknown>,
    settings: Pick<HookSettings, 'mode' | 'config' | 'signal'> = {},
  ): Promise<CommandReport<Output>> {
    const gate = new CommandGate({
      mode: settings.mode ?? 'apply',
      confirm: async () => undefined,
      leaving: async () => undefined,
    });
    const result = await this.#invoke({ hook: 'run', input }, { ...settings, beforeWrite: gate.beforeWrite });
    const verdict = commandVerdict(this.#target.manifest, { result, gate });
    return { ...verdict, figures: result.figures } as CommandReport<Output>;
  }

  async prepare(settings: HookSettings = {}): Promise<HookReport<unknown>> {
    const report = await this.#report('prepare', { hook: 'prepare' }, settings);
    this.#prepared = report.value ?? null;
    return report;
  }

  /**
   * One batch, or with a plugin that takes its collection whole, all of it as one page. After one that ended with a fault it is
   * of another run.
   */
  async execute(objects: readonly PluginObject[], settings: ExecuteSettings = {}): Promise<ExecuteReport> {
    if (this.#isStopped) this.#runs += 1;
    const streamed: unknown[] = [];
    /** Answered before the first write: a plan leaves those as they are. */
    const settled = new Set<string>();
    const gate = this.#gateOf('execute', settings, objects);
    const result = await this.#invoke(this.#execution(objects, settings), {
      ...settings,
      ...(gate === undefined ? {} : { beforeWrite: gate.beforeWrite }),
      onOutcomes: async (outcomes) => {
        streamed.push(...outcomes);
        if (gate?.hasStopped === false)
          for (const { objectId } of outcomes as Outcome[]) settled.add(objectId);
      },
    });
    this.#isStopped = !result.ok;
    const value = result.ok ? (result.value ?? streamed) : streamed;
    const hasStopped = gate?.hasStopped === true;
    const { outcomes, pending } = answersOf(value);
    return {
      outcomes: gate === undefined ? outcomes : ruled(gate, { objects, answers: outcomes, settled }),
      pending,
      breaches: result.ok && !hasStopped ? this.#breaches(objects, value) : [],
      ...(result.ok || hasStopped ? {} : { fault: result.fault }),
      figures: result.figures,
      planned: [...(gate?.requests ?? [])],
    };
  }

  /** One poll of objects that an earlier hook of this harness answered with `pending`. */
  async poll(
    pending: readonly PendingObject[],
    settings: HookSettings & { prepared?: unknown } = {},
  ): Promise<ExecuteReport> {
    const { prepared = this.#prepared } = settings;
    const result = await this.#invoke({ hook: 'poll', pending: [...pending], prepared }, settings);
    const objects = pending.map(({ object }) => object);
    return {
      ...answersOf(result.ok ? result.value : []),
      breaches: result.ok ? this.#breaches(objects, result.value) : [],
      ...(result.ok ? {} : { fault: result.fault }),
      figures: result.figures,
      planned: [],
    };
  }

  finish(
    summary: { counts: OutcomeCounts; vendorWrites: number; stopped?: 'cancelled' | 'fault' },
    settings: HookSettings & { prepared?: unknown } = {},
  ): Promise<HookReport<void>> {
    const { prepared = this.#prepared } = settings;
    return this.#report('finish', { hook: 'finish', prepared, ...summary }, settings);
  }

  /**
   * A whole run: `prepare`, batches of the manifest's size one after the other, polls of what is pending without waiting
   * for their time, `finish`. What is pending after 100 polls stays so in the report. The first fault ends it, as a
   * fault that may not be tried again ends a run; `finish` is then told that the run was stopped.
   */
  async run(objects: readonly PluginObject[], settings: HookSettings = {}): Promise<RunReport> {
    const prepare = await this.prepare(settings);
    const report: RunReport = {
      prepared: this.#prepared,
      outcomes: [],
      pending: [],
      breaches: [],
      counts: emptyCounts(),
      figures: prepare.figures,
      planned: prepare.planned,
      ...(prepare.fault ? { fault: prepare.fault } : {}),
    };
    if (prepare.fault || prepare.planned.length > 0) return report;
    const size = this.#target.manifest.limits.batch.objects;
    for (let index = 0; index * size < objects.length && !report.fault; index += 1) {
      const batch = objects.slice(index * size, (index + 1) * size);
      addToReport(report, await this.execute(batch, { ...settings, index }));
    }
    await this.#pollAll(report, objects, settings);
    const { counts, figures, fault, planned } = report;
    const covered = report.outcomes.filter(
      (outcome) => 'code' in outcome && outcome.code === 'PLANNED',
    ).length;
    const summary = {
      counts: { ...counts, succeeded: counts.succeeded + covered, skipped: counts.skipped - covered },
      vendorWrites: figures.vendorWrites + planned.length,
      ...(fault ? { stopped: 'fault' as const } : {}),
    };
    const finish = await this.finish(summary, settings);
    report.figures = addFigures(figures, finish.figures);
    report.planned = [...planned, ...finish.planned];
    if (finish.fault) report.finishFault = finish.fault;
    return report;
  }

  /** A feed's pull, to its end or its first fault. A page that breaks the contract is the fault `PLUGIN_CONTRACT`. */
  async pull(settings: PullSettings = {}): Promise<PullReport> {
    const { checkpoint, isFirst = checkpoint === undefined, startedAt = new Date().toISOString() } = settings;
    const pages: CheckedPage[] = [];
    const result = await this.#invoke(
      {
        hook: 'pull',
        request: { ...(checkpoint === undefined ? {} : { checkpoint }), isFirst, startedAt },
        feed: { id: 'feed_harness', name: 'harness' },
      },
      {
        ...settings,
        onPage: async (page) => {
          const checked = checkPage(page, this.#target.manifest);
          await settings.onPage?.(checked, pages.length);
          pages.push(checked);
        },
      },
    );
    const last = pages.at(-1);
    return {
      pages,
      drafts: pages.flatMap(({ drafts }) => drafts),
      reasons: pages.flatMap(({ reasons }) => reasons),
      ...(last === undefined ? {} : { checkpoint: last.checkpoint }),
      ...(result.ok ? {} : { fault: result.fault }),
      figures: result.figures,
    };
  }

  async close(): Promise<void> {
    await this.#runtime.close();
    await this.#broker.close();
  }

  async #pollAll(report: RunReport, objects: readonly PluginObject[], settings: HookSettings): Promise<void> {
    const byId = new Map(objects.map((object) => [object.id, object]));
    const since = new Date().toISOString();
    if (settings.mode === 'plan') return;
    for (let polls = 0; polls < MAX_POLLS; polls += 1) {
      if (report.pending.length === 0 || report.fault) return;
      const count = polls;
      const due = report.pending.flatMap(({ objectId, token }): PendingObject[] => {
        const object = byId.get(objectId);
        return object === undefined ? [] : [{ object, token, since, polls: count }];
      });
      const { pending } = report;
      report.pending = [];
      addToReport(report, await this.poll(due, settings));
      if (report.fault) report.pending = pending;
    }
  }

  #execution(objects: readonly PluginObject[], settings: ExecuteSettings): Invocation {
    const { index = 0, prepared = this.#prepared } = settings;
    if (this.#target.manifest.limits.scope === 'whole') {
      return { hook: 'executeAll', pages: inOnePage(objects), prepared };
    }
    const { isFirstOfPass = index === 0 && (settings.pass?.isFirstSlice ?? true) } = settings;
    return { hook: 'execute', objects: [...objects], index, isFirstOfPass, prepared };
  }

  #breaches(objects: readonly PluginObject[], outcomes: unknown): string[] {
    const { emits = [], limits } = this.#target.manifest;
    const rules = { emits, mayPend: limits.scope !== 'whole' };
    return balanceBooks(placedOf(objects), outcomes, rules).breaches;
  }

  #invoke(
    invocation: Invocation,
    settings: HookSettings & Pick<InvokeOptions, 'onOutcomes' | 'onPage'>,
  ): Promise<InvocationResult> {
    const {
      mode = 'apply',
      trigger = 'manual',
      attempt = 1,
      pass = { isFirstSlice: true, isLastSlice: true, remaining: 0 },
    } = settings;
    const id = `run_harness_${this.#runs}`;
    const run = { id, mode, trigger, pass, startedAt: new Date().toISOString(), attempt };
    return this.#runtime.invoke(this.#target, { config: settings.config ?? this.#config, run }, invocation, {
      signal: settings.signal ?? new AbortController().signal,
      beforeWrite: settings.beforeWrite ?? (async () => ({ do: 'send' as const })),
      ...(settings.onOutcomes ? { onOutcomes: settings.onOutcomes } : {}),
      ...(settings.onPage ? { onPage: settings.onPage } : {}),
    });
  }

  async #report<Value>(
    hook: PlannedHook,
    invocation: Invocation,
    settings: HookSettings,
  ): Promise<HookReport<Value>> {
    const gate = this.#gateOf(hook, settings, []);
    const result = await this.#invoke(invocation, {
      ...settings,
      ...(gate === undefined ? {} : { beforeWrite: gate.beforeWrite }),
    });
    const { figures } = result;
    const planned = [...(gate?.requests ?? [])];
    if (result.ok) return { value: result.value as Value, figures, planned };
    return planned.length > 0 ? { figures, planned } : { fault: result.fault, figures, planned };
  }

  #gateOf(
    hook: PlannedHook,
    { mode, index = 0 }: ExecuteSettings,
    objects: readonly PluginObject[],
  ): PlanGate | undefined {
    if (mode !== 'plan') return undefined;
    const { manifest, connection } = this.#target;
    const { baseUrl } = connection.settings;
    return new PlanGate({ hook, batchIndex: index, manifest, baseUrl, placed: placedOf(objects) });
  }
}

async function* inOnePage(objects: readonly PluginObject[]): AsyncGenerator<PluginObject[]> {
  if (objects.length > 0) yield [...objects];
}

function connectionOf(manifest: PluginManifest, connection: HarnessOptions['connection']): Connection {
  const at = new Date().toISOString();
  return {
    id: newId('connection'),
    name: 'harness',
    vendor: manifest.vendor,
    settings: connection.settings,
    transport: { verifyTls: true, proxy: 'none', ...connection.transport },
    secrets: Object.fromEntries(
      Object.keys(connection.secrets ?? {}).map((name) => [name, 'stored' as const]),
    ),
    createdAt: at,
    updatedAt: at,
  };
}
