import type { AttributeValue, FeedId, Page, PageRequest, RunId } from '@drover/model';
import type { StoredCollection } from './object-library.js';

export const MIRROR_DIRECTIONS = ['none', 'in', 'out', 'both'] as const;

/** Whose changes reach the other side: the vendor's come in, those made here go out, both, or none. */
export type MirrorDirection = (typeof MIRROR_DIRECTIONS)[number];

/** What a feed's objects are mirrored by. Each object keeps the rules by which it was first fetched. */
export interface MirrorRules {
  direction: MirrorDirection;
  /** An object that its vendor closes gets the status `closed` here. */
  closeMirrored: boolean;
  /** Where an emitted attribute goes here; null: it is left out. What is not named keeps its name. */
  map: Record<string, string | null>;
  /** Which attribute here is sent as an outgoing field. What is not named is sent from where it comes in. */
  mapOut: Record<string, string>;
}

export const NO_MIRROR: MirrorRules = { direction: 'none', closeMirrored: false, map: {}, mapOut: {} };

/** An offering of changed objects to the vendor, one at a time for each feed. */
export interface MirrorSend {
  /** The fixed list that holds exactly the objects that are offered. */
  collection: StoredCollection;
  /** ISO 8601. */
  begunAt: string;
  /** The run that offers them; absent until it is made. */
  runId?: RunId;
}

/** How a send finds the changes. */
export interface SendRules {
  /** The feed's `mirror.out`. */
  fields: readonly string[];
  /** The vendor: what it has said is no local change. */
  source: string;
  /** Most objects of one send. */
  objects: number;
  now: Date;
}

/** An object whose local changes are on their way, or did not get there. Times in ISO 8601. */
export interface MirrorOffer {
  object: { id: string; type: string; value: string };
  /**
   * `refused` stays until a local value changes; `failed` is offered again at `retryAt`; `unknown` waits for a person's word
   * (`run resolve`).
   */
  status: 'sending' | 'refused' | 'failed' | 'unknown';
  offered: Record<string, AttributeValue>;
  runId?: RunId;
  code?: string;
  message?: string;
  failures: number;
  retryAt?: string;
  at: string;
}

/** A field that both sides changed since they last agreed on it. Times in ISO 8601. */
export interface MirrorConflict {
  object: { id: string; type: string; value: string };
  field: string;
  local: { value: AttributeValue; source: string; at: string };
  vendor: { value: AttributeValue; at: string };
  winner: 'local' | 'vendor';
  at: string;
}

export interface MirrorFigures {
  /** Objects by the direction that they were fetched with. */
  objects: Record<MirrorDirection, number>;
  /** How often a change of an object came in, and went out. */
  cameIn: number;
  wentOut: number;
  conflicts: number;
  sending: number;
  refused: number;
  failed: number;
  unknown: number;
  /** The run of the send under way. */
  runId?: RunId;
}

/**
 * What is to go out to vendors, and what came of it: derived from what is stored alone, so that a process may die between
 * any two calls. Every method is one transaction.
 */
export interface MirrorLedger {
  /** Feeds with objects whose local changes may go out. */
  sendingFeeds(): Promise<FeedId[]>;
  /** Settles the open send when its run has ended. Returns the one that is still open. */
  settleSend(id: FeedId, options: { now: Date }): Promise<MirrorSend | undefined>;
  /**
   * Opens a send over the objects that have changed here, or returns the one that is open; undefined when nothing is to be
   * sent, or a pull of the feed is under way.
   */
  beginSend(id: FeedId, rules: SendRules): Promise<MirrorSend | undefined>;
  /** Closes a send that no run could be made for; its objects have failed with this fault. */
  failSend(id: FeedId, options: { begunAt: string; code: string; message: string; now: Date }): Promise<void>;
  figures(id: FeedId): Promise<MirrorFigures>;
  /** Latest first. */
  offers(id: FeedId, request: PageRequest): Promise<Page<MirrorOffer>>;
  /** Latest first. */
  conflicts(id: FeedId, request: PageRequest): Promise<Page<MirrorConflict>>;
}
