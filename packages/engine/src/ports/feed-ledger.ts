import type {
  CollectionId,
  ConnectionId,
  EmitMode,
  EndedRunStatus,
  FaultRecord,
  FeedId,
  JsonValue,
  MirrorSpec,
  Page,
  PageRequest,
  PullId,
  RunStatus,
  Trigger,
} from '@drover/model';
import type { CheckedPage, PageReason } from '../feeds/check-page.js';
import type { MirrorRules } from './mirror-ledger.js';
import type { LogLine, ReapRule } from './run-ledger.js';

/** What a feed is set to. */
export interface FeedSettings {
  /** Unique among feeds. */
  name: string;
  pluginId: string;
  connectionId: ConnectionId;
  /** The fixed list that holds the feed's objects. */
  collectionId: CollectionId;
  config: Record<string, unknown>;
  /** Milliseconds from one pull to the next. */
  everyMs: number;
  /** Full passes without an object after which it is absent. From 1. */
  absentAfter: number;
  /** Days without a sight of an object after which it leaves the collection. Absent: it stays. */
  retentionDays?: number;
  /** How objects are mirrored that are fetched from now on. Default: not at all. */
  mirror?: MirrorRules;
  /** Config of the action that sends changes out, for all objects. */
  mirrorConfig?: Record<string, unknown>;
}

export interface Feed extends FeedSettings {
  mirror: MirrorRules;
  mirrorConfig: Record<string, unknown>;
  id: FeedId;
  status: 'enabled' | 'paused';
  /** When the next pull is due, ISO 8601; later than the interval says while pulls fail. */
  dueAt: string;
  /** Pulls that failed since the last one that did not. */
  failures: number;
  /** Of the last page that was kept. */
  checkpoint?: JsonValue;
  /** Full passes over all that the vendor has that have ended. */
  fullPasses: number;
  /** When a pull last ended well. */
  syncedAt?: string;
  createdAt: string;
  /** What it has brought: on its collection, or absent. */
  objects: { present: number; absent: number };
}

/** What a pull has come to so far. */
export interface PullCounts {
  /** Pages that were kept. */
  pages: number;
  created: number;
  updated: number;
  unchanged: number;
  /** Objects that the same page had already. */
  duplicates: number;
  /** Objects whose value does not hold. */
  rejected: number;
  /** Objects that the plugin left out, by its own count. */
  skipped: number;
  /** Objects of the feed that became absent. */
  absent: number;
  /** Objects past the feed's retention, which left its collection. */
  forgotten: number;
}

/** One sync of a feed. Times in ISO 8601, lengths in milliseconds. */
export interface Pull {
  id: PullId;
  feedId: FeedId;
  status: RunStatus;
  trigger: Trigger;
  /** How often it was taken up: 2 and more after a crash, a wait or a fault that was tried again. */
  attempt: number;
  counts: PullCounts;
  vendorCalls: number;
  waitedMs: number;
  /** What ended it, or what it waits for. */
  fault?: FaultRecord;
  /** When an open pull goes on, where it waits. */
  dueAt?: string;
  /** Whether some process works at it now. */
  isHeld: boolean;
  createdAt: string;
  startedAt?: string;
  endedAt?: string;
}

/** A pull that a worker holds, with what it needs to go on. */
export interface ClaimedPull {
  id: PullId;
  feed: Feed;
  trigger: Trigger;
  attempt: number;
  /** Faults since the last page that was kept. */
  tries: number;
  waitingSince?: Date;
  leaseOwner: string;
  leaseToken: number;
  startedAt: Date;
}

export interface PullFigures {
  vendorCalls: number;
  waitedMs: number;
}

/** How a page meets the library. */
export interface PageRules {
  /** The vendor: whose word it is. */
  source: string;
  /** How attributes meet what is there, by name. */
  modes: ReadonlyMap<string, EmitMode>;
  /** When the page came. */
  at: Date;
  /** What the plugin lets mirror; absent: every page updates all that it brings. */
  mirror?: MirrorSpec;
}

/** How an attempt at a pull ends without ending the pull. */
export interface Pause {
  now: Date;
  dueAt: Date;
  /** `rate limit`: it waits, and the attempt does not count as a try; `stopped`: the process stops and another goes on. */
  why: 'fault' | 'rate limit' | 'stopped';
  fault?: FaultRecord;
  figures: PullFigures;
}

/** What asks for pulls: due ones become queued. Feeds are one, and the scheduler knows nothing more of it. */
export interface ScheduleSource {
  /** Queues what is due, each at most once however many intervals went by. Returns how many. */
  fireDue(options: { now: Date }): Promise<number>;
}

/**
 * Feeds and their pulls: the truth about both. Every method is one transaction. Methods that take a claimed pull throw
 * `LEASE_LOST` when it is another worker's by now, and change nothing.
 */
export interface FeedLedger extends ScheduleSource {
  /** The first pull is due at once. Faults: `FEED_EXISTS`, `NOT_FOUND` and `COLLECTION_NOT_FIXED` for the collection. */
  create(settings: FeedSettings, options: { now: Date }): Promise<Feed>;
  /** By id or name. */
  find(ref: string): Promise<Feed | undefined>;
  /** By name. */
  list(): Promise<Feed[]>;
  /** Pauses or resumes the schedule; an overdue pull of a resumed feed is due at once. */
  setStatus(id: FeedId, status: Feed['status']): Promise<void>;
  /** Changes how objects are mirrored that are fetched from now on, and how changes are sent from now on. */
  setMirror(id: FeedId, mirror: { rules: MirrorRules; config: Record<string, unknown> }): Promise<void>;
  /** Removes the feed with its pulls; its collection and all objects stay. Fault `PULL_IN_PROGRESS` while one is held. */
  remove(id: FeedId, options: { now: Date }): Promise<void>;

  /**
   * The feed's open pull, or a new one; both are due now. With `restart` the checkpoint is forgotten, and an open pull that
   * nobody holds is given up; fault `PULL_IN_PROGRESS` when somebody does.
   */
  request(id: FeedId, options: { now: Date; restart: boolean }): Promise<PullId>;
  pull(id: PullId, options: { now: Date }): Promise<Pull | undefined>;
  /** Newest first. */
  pulls(id: FeedId, request: PageRequest & { now: Date }): Promise<Page<Pull>>;
  /** Why objects were rejected or skipped, most frequent first. */
  reasons(id: PullId): Promise<PageReason[]>;
  log(id: PullId, afterSeq: number): Promise<{ seq: number; line: LogLine }[]>;

  /** Leases the next pull that is due. */
  claim(worker: { owner: string; leaseMs: number; now: Date }): Promise<ClaimedPull | undefined>;
  /** Prolongs the owner's leases on these pulls; returns those that it still holds. Others of its are left to run out. */
  renew(owner: string, pulls: readonly PullId[], options: { leaseMs: number; now: Date }): Promise<PullId[]>;
  /**
   * Frees pulls whose lease has run out, and those that the rule names; one that lost its worker
   * again and again without a page fails with `WORKER_LOST`. Returns how many.
   */
  reap(options: { now: Date } & ReapRule): Promise<number>;
  /** Keeps a page, its checkpoint and its counts; a page that completes a full pass also settles who is absent. */
  keepPage(pull: ClaimedPull, page: CheckedPage, rules: PageRules): Promise<void>;
  /** Keeps what the pull's hook has logged; nothing of a pull that is another worker's by now. */
  appendLog(pull: ClaimedPull, lines: readonly LogLine[], options: { now: Date }): Promise<void>;
  pause(pull: ClaimedPull, pause: Pause): Promise<void>;
  /**
   * Ends the pull: `failed` with a fault, else `partial` when objects were rejected, else `succeeded`. What is past the
   * retention leaves the collection; a failed pull moves the feed's next one back.
   */
  end(
    pull: ClaimedPull,
    end: { fault?: FaultRecord; figures: PullFigures; now: Date },
  ): Promise<EndedRunStatus>;
}
