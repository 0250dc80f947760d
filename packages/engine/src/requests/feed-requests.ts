import type { MirrorSpec, Page, PageRequest, RunId, RunStatus } from '@drover/model';
import type { PageReason } from '../feeds/check-page.js';
import type { Feed, Pull } from '../ports/feed-ledger.js';
import type { MirrorConflict, MirrorDirection, MirrorFigures, MirrorOffer } from '../ports/mirror-ledger.js';
import type { LogLine } from '../ports/run-ledger.js';

export interface FeedRequest {
  name: string;
  /** Action ID or text id of an installed plugin of kind `feed`. */
  plugin: string;
  connection: string;
  /** Laid over the plugin's configured defaults and kept as it is then. */
  config?: Record<string, unknown>;
  /** Milliseconds from one pull to the next: whole minutes, 1 minute to 30 days. */
  everyMs: number;
  /** Fixed list for the feed's objects, made when there is none. Default: the feed's name. */
  collection?: string;
  /** Full passes without an object after which it is absent, 1 to 1,000. Default 3. */
  absentAfter?: number;
  /** Days without a sight of an object after which it leaves the collection, 1 to 3,650. Default: it stays. */
  retentionDays?: number;
  mirror?: MirrorRequest;
}

/** What is to be set of how a feed maps and mirrors; what is absent stays. */
export interface MirrorRequest {
  /** Default `none`. */
  direction?: MirrorDirection;
  /** Whether objects that the vendor closes get the status `closed` here. */
  closeMirrored?: boolean;
  /** Of the action that sends changes out, laid over its defaults and kept as it is then. */
  config?: Record<string, unknown>;
  /** Attribute here by emitted attribute; null leaves it out. Entries are laid over those before. */
  map?: Record<string, string | null>;
  /** Attribute here by outgoing field. Entries are laid over those before. */
  mapOut?: Record<string, string>;
}

/** What came of sending a feed's local changes. */
export interface MirrorReport {
  feed: string;
  /** Runs that were followed, in their order. */
  runs: { id: RunId; status: RunStatus }[];
  figures: MirrorFigures;
}

/** A feed with the names of what it uses. */
export interface FeedView extends Feed {
  connection: string;
  collection: string;
  /** The pull under way, or the last one. */
  lastPull?: Pull;
  /** What its plugin can mirror, and what came of it; absent for a plugin that mirrors nothing. */
  mirrored?: MirrorFigures & { can: MirrorSpec };
}

/** A pull with the name of its feed. */
export interface PullView extends Pull {
  feed: string;
  reasons: PageReason[];
}

export interface FeedSighting {
  pull: Pull;
  log: LogLine[];
}

export interface FeedRequests {
  /**
   * The first pull is due at once; it is done when a process serves, or with `run`. Faults: `CONFIG_INVALID`, `FEED_EXISTS`, `MIRROR_NOT_POSSIBLE`,
   * `COLLECTION_NOT_FIXED`, `INVALID_ARGUMENT` for a plugin of another kind or vendor and for what is out of bounds.
   */
  create(request: FeedRequest): Promise<FeedView>;
  list(): Promise<FeedView[]>;
  show(ref: string): Promise<FeedView>;
  /**
   * Starts a pull now, or goes on with the one that is open, and executes it unless another process does. With `restart` the
   * checkpoint is forgotten. Follow it with `watch`. Fault: `PULL_IN_PROGRESS`.
   */
  run(ref: string, options?: { restart?: boolean }): Promise<PullView>;
  /** The pull's state now, then as it goes on until it has ended. */
  watch(pullId: string, options?: { signal?: AbortSignal }): AsyncIterable<FeedSighting>;
  pull(pullId: string): Promise<PullView>;
  /** Newest first. */
  pulls(ref: string, page?: PageRequest): Promise<Page<Pull>>;
  pause(ref: string): Promise<FeedView>;
  resume(ref: string): Promise<FeedView>;
  /**
   * Changes how objects are mapped and mirrored that are fetched from now on; those fetched before keep what held then. The
   * config of the sending action counts for all. Faults: `MIRROR_NOT_POSSIBLE`, `CONFIG_INVALID`, `INVALID_ARGUMENT`.
   */
  setMirror(ref: string, request: MirrorRequest): Promise<FeedView>;
  /**
   * Sends what has changed here until nothing is left, or a run waits, or the signal aborts. Executes unless another process
   * does.
   */
  mirrorOut(ref: string, options?: { signal?: AbortSignal }): Promise<MirrorReport>;
  /** Changes that are on their way, or did not get there. */
  mirrorOffers(ref: string, page?: PageRequest): Promise<Page<MirrorOffer>>;
  /** Fields that both sides had changed, latest first. */
  mirrorConflicts(ref: string, page?: PageRequest): Promise<Page<MirrorConflict>>;
  /** Its collection and all objects stay. Fault: `PULL_IN_PROGRESS`. */
  remove(ref: string): Promise<void>;
}

/** How a serving process stands: it executes, waits for the one that does to go, or only fires what is due. */
export type ServeState = 'executing' | 'stand-by' | 'scheduling';
