import type {
  CheckedPage,
  CommandVerdict,
  CommandWrite,
  HookContext,
  InvocationFigures,
  InvokeOptions,
  PageReason,
  PlannedRequest,
} from '@drover/engine';
import {
  addCounts,
  emptyCounts,
  type FaultRecord,
  type JsonValue,
  type ObjectDraft,
  type Outcome,
  type OutcomeCounts,
  type Pending,
} from '@drover/model';

/** What a hook of a run is told; what is left out is as in a first, manual, applying run over all there is. */
export interface HookSettings extends Partial<
  Pick<HookContext['run'], 'mode' | 'trigger' | 'attempt' | 'pass'>
> {
  config?: Record<string, unknown>;
  signal?: AbortSignal;
  /** Asked before each vendor write; a rejection stops it. Default: every write may leave. A plan has its own. */
  beforeWrite?: InvokeOptions['beforeWrite'];
}

export interface ExecuteSettings extends HookSettings {
  /** What `prepare` returned. Default: what the last `prepare` of this harness returned. */
  prepared?: unknown;
  /** Default 0. */
  index?: number;
  /** Default true for index 0 of a first slice. */
  isFirstOfPass?: boolean;
}

export interface HookReport<Value> {
  /** What the hook returned; absent after a fault. */
  value?: Value;
  fault?: FaultRecord;
  figures: InvocationFigures;
  /** In mode `plan`: the write that was recorded in place of being sent. */
  planned: PlannedRequest[];
}

export interface CommandReport<Output> {
  status: CommandVerdict['status'];
  /** What the command returned; absent after a fault, and in a plan that came to a write. */
  output?: Output;
  /** `VENDOR_CONTRACT` for an output that does not fit the manifest's schema. */
  fault?: CommandVerdict['fault'];
  figures: InvocationFigures;
  /** In mode `plan`: the first write, in place of being sent. */
  planned?: CommandWrite;
}

export interface ExecuteReport {
  /** As the plugin gave them, those given before a fault included. */
  outcomes: Outcome[];
  /** Objects that the hook answered with `pending`, in the place of an outcome. */
  pending: Pending[];
  /** What the engine will hold against the plugin: outcomes that are missing, doubled, invented or malformed. */
  breaches: string[];
  fault?: FaultRecord;
  figures: InvocationFigures;
  /** In mode `plan`: the writes that were recorded in place of being sent. */
  planned: PlannedRequest[];
}

export interface RunReport extends ExecuteReport {
  prepared: unknown;
  counts: OutcomeCounts;
  /** What `finish` threw. */
  finishFault?: FaultRecord;
}

export interface PullSettings extends Pick<HookSettings, 'config' | 'signal'> {
  /** Where to go on. Default: from the start. */
  checkpoint?: JsonValue;
  /** Default true without a checkpoint. */
  isFirst?: boolean;
  /** Default: now. */
  startedAt?: string;
  /** Told of each page as it is kept; a rejection ends the pull as a crash at that place would. */
  onPage?(page: CheckedPage, index: number): Promise<void> | void;
}

export interface PullReport {
  /** The pages that would have been kept, as the engine checked them: objects normalised, refused ones under `reasons`. */
  pages: CheckedPage[];
  /** The objects of all pages. */
  drafts: ObjectDraft[];
  /** What was rejected or skipped, page by page. */
  reasons: PageReason[];
  /** Of the last page that would have been kept. */
  checkpoint?: JsonValue;
  fault?: FaultRecord;
  figures: InvocationFigures;
}

/** Adds what a batch or a poll came to, its fault included. */
export function addToReport(report: RunReport, batch: ExecuteReport): void {
  report.outcomes.push(...batch.outcomes);
  report.pending.push(...batch.pending);
  report.breaches.push(...batch.breaches);
  report.planned.push(...batch.planned);
  report.figures = addFigures(report.figures, batch.figures);
  const counts = emptyCounts();
  for (const { status } of batch.outcomes) counts[status] += 1;
  report.counts = addCounts(report.counts, counts);
  if (batch.fault) report.fault = batch.fault;
}

export function addFigures(left: InvocationFigures, right: InvocationFigures): InvocationFigures {
  return {
    vendorCalls: left.vendorCalls + right.vendorCalls,
    vendorWrites: left.vendorWrites + right.vendorWrites,
    waitedMs: left.waitedMs + right.waitedMs,
    log: [...left.log, ...right.log],
  };
}
