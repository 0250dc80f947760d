import type {
  AttributeValue,
  CallEffect,
  EmitMode,
  HttpMethod,
  Page,
  PageRequest,
  RunId,
} from '@drover/model';
import type { PositionRange } from './position-range.js';

export type PlannedHook = 'prepare' | 'execute' | 'finish';

/** Which hook of which plan. */
export interface HookPlace {
  planId: RunId;
  hook: PlannedHook;
  /** 0 for `prepare` and `finish`. */
  batchIndex: number;
}

/** A body as a plan keeps it: secrets masked, the text cut after 256 KiB. */
export interface PlannedBody {
  contentType: string;
  text: string;
  /** UTF-8 bytes of all of it. */
  bytes: number;
}

/** A write that a plan recorded in place of sending it. */
export interface PlannedRequest {
  hook: PlannedHook;
  batchIndex: number;
  call: string;
  effect: CallEffect;
  method: HttpMethod;
  /** Path and query. */
  path: string;
  body?: PlannedBody;
  /** What else the call touches, as its manifest says. */
  blastRadius?: string;
  /** Of the whole request, without what the manifest calls volatile. */
  digest: string;
  /** Positions that it covers, ascending; absent: all of its hook. */
  positions?: number[];
  /** How many objects it covers; 0 for one that belongs to the run and not to objects. */
  objects: number;
}

/** What a settled part of a plan leaves beside its outcomes. */
export interface PlanRecord {
  requests: PlannedRequest[];
  /** The revision that each object was computed with. */
  revisions: { position: number; revision: number }[];
}

/** An object as a plan took it. */
export interface PlannedObject {
  revision: number;
  /** Its hook had ended at a write before it answered for this object: any write that follows may cover it. */
  isOpen: boolean;
}

/** What applying has to match of a planned request. */
export type ExpectedRequest = Pick<
  PlannedRequest,
  'call' | 'method' | 'path' | 'digest' | 'positions' | 'objects'
>;

/** All planned requests of one call together. */
export interface PlannedCall extends Pick<
  PlannedRequest,
  'call' | 'hook' | 'effect' | 'method' | 'blastRadius'
> {
  requests: number;
  objects: number;
}

/** Something that an outcome of a plan would set on its object, were it no plan. */
export interface PlannedWriteBack {
  objectId: string;
  type: string;
  value: string;
  /** The attribute, or `status`. */
  name: string;
  mode: EmitMode | 'status';
  to: AttributeValue;
}

/** All that a plan would set under one name. */
export interface PlannedSet extends Pick<PlannedWriteBack, 'name' | 'mode'> {
  objects: number;
}

/** What plans have recorded, and the way from a plan to the run that applies it. */
export interface PlanLedger {
  /**
   * A run over the positions of a plan in the plan's batches, with the plan's limits and trigger. Faults: `NOT_FOUND`,
   * `PLAN_INCOMPLETE`, `PLAN_STALE`, `RUN_IN_PROGRESS`.
   */
  createApply(planId: RunId, request: { exclusiveKey?: string }): Promise<RunId>;
  /** In the order in which they were recorded. */
  plannedRequests(planId: RunId, request: PageRequest): Promise<Page<PlannedRequest>>;
  /** By call, in the order of the hooks; what `finish` would do comes last. */
  plannedCalls(planId: RunId): Promise<PlannedCall[]>;
  /** What outcomes that were computed without a write would set, by name. */
  plannedSets(planId: RunId): Promise<PlannedSet[]>;
  /** In the order in which they were recorded. A cursor of this listing begins with `w`, one of `plannedRequests` with a digit. */
  plannedWriteBacks(planId: RunId, request: PageRequest): Promise<Page<PlannedWriteBack>>;
  /** Of one hook. */
  expectedRequests(place: HookPlace): Promise<ExpectedRequest[]>;
  /** By position; what the plan did not come to is left out. */
  plannedObjects(planId: RunId, ranges: readonly PositionRange[]): Promise<Map<number, PlannedObject>>;
  /** How much a plan has come to so far, for its `finish`. */
  plannedTotals(planId: RunId): Promise<{ requests: number; objects: number }>;
}
