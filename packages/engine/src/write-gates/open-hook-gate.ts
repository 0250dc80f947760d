import type { PlannedHook } from '../ports/plan-ledger.js';
import type { PlacedObject } from '../ports/run-ledger.js';
import type { PreparedTask, TaskPorts } from '../task-ports.js';
import { ApplyGate } from './apply-gate.js';
import { type HookGate, openGate } from './hook-gate.js';
import { PlanGate } from './plan-gate.js';

/** The gate that the run's mode asks for. */
export async function openHookGate(
  { ledger }: TaskPorts,
  { task, target, options }: PreparedTask,
  { hook, placed }: { hook: PlannedHook; placed: readonly PlacedObject[] },
): Promise<HookGate> {
  const { run, batchIndex } = task;
  const { manifest, connection } = target;
  const { baseUrl } = connection.settings;
  if (run.mode === 'plan') return new PlanGate({ hook, batchIndex, manifest, baseUrl, placed });
  if (run.planId === undefined) return openGate(options.beforeWrite);
  const expected = await ledger.expectedRequests({ planId: run.planId, hook, batchIndex });
  const isOverObjects = task.kind === 'batch' || task.kind === 'all';
  const planned = isOverObjects ? await ledger.plannedObjects(run.planId, task.ranges) : undefined;
  return new ApplyGate({
    manifest,
    baseUrl,
    placed,
    expected,
    ...(planned === undefined ? {} : { planned }),
    next: options.beforeWrite,
  });
}
