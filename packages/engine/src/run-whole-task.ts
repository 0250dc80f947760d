import { Fault, type PluginObject } from '@drover/model';
import { type CheckedOutcome, balanceBooks } from './balance-books.js';
import { decideFault } from './decide-fault.js';
import { throwOutage, wasCancelled } from './invoke-hook.js';
import type { PlacedObject, PositionRange, Settlement } from './ports/run-ledger.js';
import { sentRevisions, toRows } from './settlement-rows.js';
import type { PreparedTask, TaskPorts } from './task-ports.js';
import { openHookGate } from './write-gates/open-hook-gate.js';
import { notComputed } from './write-gates/plan-gate.js';
import type { InvocationFigures } from './ports/plugin-runtime.js';

const PAGE_OBJECTS = 1_000;

/**
 * Runs `executeAll`: the slice goes to the plugin page by page, outcomes come back as it gives them and are settled in
 * parts. Held in memory is one small entry per object that waits for its answer.
 */
export async function runWholeTask(ports: TaskPorts, prepared: PreparedTask): Promise<void> {
  const { task, target, context, options } = prepared;
  const { ledger, runtime } = ports;
  const { manifest } = target;
  const waiting = new Map<string, PlacedObject>();
  const answered = new Map<string, PlacedObject>();
  const doubled = new Set<string>();
  const rules = { emits: manifest.emits ?? [] };
  const base = {
    task,
    attributes: [],
    statuses: [],
    figures: { vendorCalls: 0, vendorWrites: 0, waitedMs: 0 },
    reads: manifest.reads ?? [],
  };

  const gate = await openHookGate(ports, prepared, { hook: 'execute', placed: [] });
  let planned = 0;

  async function settlePart(
    outcomes: readonly CheckedOutcome[],
    rest: Partial<Settlement> = {},
  ): Promise<void> {
    const ruled = outcomes.map((outcome) => gate.rule(outcome.placed, outcome) ?? outcome);
    planned += ruled.filter(({ code }) => code === 'PLANNED').length;
    const record = gate.record(ruled.map(({ placed }) => placed));
    const isLast = rest.partial === false;
    const requests = isLast ? (record?.requests ?? []).map((one) => ({ ...one, objects: planned })) : [];
    await ledger.settleBatch({
      ...base,
      ...toRows(ruled, manifest, ports.now()),
      ...sentRevisions(
        task,
        ruled.map(({ placed }) => placed),
      ),
      partial: true,
      ...(record === undefined ? {} : { plan: { ...record, requests } }),
      ...rest,
    });
  }

  const unread = pagesOf(task.ranges);

  /** Reads the next page; what nothing is to be sent for is settled at once. */
  async function readPage(): Promise<PluginObject[]> {
    const placed = await ledger.objectsOf(task.run.passId, [unread.shift()!]);
    const gone = placed.filter(({ object }) => object === undefined);
    const withheld = placed.flatMap((one) => gate.withhold(one) ?? []);
    const settled = [...balanceBooks(gone, [], rules).outcomes, ...withheld];
    if (settled.length > 0) await settlePart(settled);
    const kept = new Set(withheld.map((outcome) => outcome.placed));
    const present = placed.filter((one) => one.object !== undefined && !kept.has(one));
    for (const one of present) waiting.set(one.object!.id, { ...one, object: tokenOf(one.object!) });
    return present.map(({ object }) => object!);
  }

  async function* pages(): AsyncGenerator<PluginObject[]> {
    while (unread.length > 0) {
      const page = await readPage();
      if (page.length > 0) yield page;
    }
  }

  async function onOutcomes(outcomes: unknown[]): Promise<void> {
    const offered: PlacedObject[] = [];
    const fresh: unknown[] = [];
    for (const outcome of outcomes) {
      const id = (outcome as { objectId?: unknown } | null)?.objectId;
      if (typeof id !== 'string') continue;
      const placed = waiting.get(id);
      if (placed === undefined) {
        if (answered.has(id)) doubled.add(id);
        continue;
      }
      waiting.delete(id);
      answered.set(id, placed);
      offered.push(placed);
      fresh.push(outcome);
    }
    await settlePart(balanceBooks(offered, fresh, rules).outcomes);
  }

  /** A plan that came to its write: the objects that have no answer yet are what it covers, read or not. */
  async function settleStopped(figures: InvocationFigures): Promise<void> {
    while (unread.length > 0) await readPage();
    const rest = [...waiting.values()].map(notComputed);
    await settlePart(rest, { partial: false, figures, cleanFirst: true });
  }

  await ledger.restartWhole(task);
  const result = await runtime.invoke(
    target,
    context,
    { hook: 'executeAll', pages: pages(), prepared: task.run.prepared },
    { ...options, beforeWrite: gate.beforeWrite, onOutcomes },
  );
  throwOutage(result);
  if (result.figures.log.length > 0) await ledger.appendLog(task, result.figures.log);
  const { figures } = result;
  if (!result.ok) {
    const isCancelled = wasCancelled(options.signal);
    if (options.signal.aborted && !isCancelled) throw new Fault('LEASE_LOST', `${task.id} was cut off.`);
    const decision = decideFault(result.fault, {
      attempt: task.attempt,
      vendorWrites: figures.vendorWrites,
      isCancelled,
      waitingSince: task.waitingSince,
      maxWaitMs: manifest.limits.maxWaitMs,
      now: ports.now(),
    });
    if (decision.do === 'postpone')
      return ledger.postpone(task, { ...decision, fault: result.fault, figures });
    if (decision.do === 'settle' && !decision.stopsRun && task.run.mode === 'plan' && gate.hasStopped) {
      return settleStopped(figures);
    }
    await ledger.restartWhole(task);
    return settleWholeFault(ports, { task, base: { ...base, figures }, decision, fault: result.fault });
  }
  if (task.run.mode === 'plan' && gate.hasStopped) return settleStopped(figures);
  const missing = [...waiting.values()];
  const revised = [...doubled].map((id) => ({
    position: answered.get(id)!.position,
    objectSeq: answered.get(id)!.objectSeq,
    status: 'failed' as const,
    code: 'PLUGIN_CONTRACT',
    message: 'The plugin answered more than once for this object.',
  }));
  await settlePart(balanceBooks(missing, [], rules).outcomes, {
    partial: false,
    figures,
    revised,
    cleanFirst: true,
  });
}

async function settleWholeFault(
  { ledger }: TaskPorts,
  {
    task,
    base,
    decision,
    fault,
  }: {
    task: PreparedTask['task'];
    base: Omit<Settlement, 'outcomes'>;
    decision: Exclude<ReturnType<typeof decideFault>, { do: 'postpone' }>;
    fault: { code: string; message: string };
  },
): Promise<void> {
  const runFault = decision.stopsRun ? { runFault: fault } : {};
  if (decision.do === 'defer') {
    await ledger.settleBatch({ ...base, outcomes: [], deferred: task.ranges, ...runFault });
    return;
  }
  const pages = pagesOf(task.ranges);
  for (const range of pages) {
    const placed = await ledger.objectsOf(task.run.passId, [range]);
    const outcomes = placed.map(({ position, objectSeq }) => ({
      position,
      objectSeq,
      status: 'failed' as const,
      code: fault.code,
      message: fault.message,
    }));
    const last = range === pages.at(-1);
    await ledger.settleBatch({ ...base, ...(last ? runFault : { figures: NONE }), outcomes, partial: !last });
  }
}

/** What is kept of an object while it waits for its answer. */
function tokenOf({ id, revision }: PluginObject): PluginObject {
  return { id, revision } as PluginObject;
}

const NONE = { vendorCalls: 0, vendorWrites: 0, waitedMs: 0 };

function pagesOf(ranges: readonly PositionRange[]): PositionRange[] {
  const pages: PositionRange[] = [];
  for (const { from, to } of ranges) {
    for (let at = from; at < to; at += PAGE_OBJECTS)
      pages.push({ from: at, to: Math.min(to, at + PAGE_OBJECTS) });
  }
  return pages;
}
