import type { ObjectId, RunId } from './ids.js';

/** A value that an attribute may hold. Numbers and texts compare with their own kind only. */
export type AttributeValue = string | number | boolean;

export interface Attribute {
  name: string;
  value: AttributeValue;
  /** Who said it: a vendor's name for write-back, the import's source for imported ones. */
  source: string;
  /** When the vendor (or the import) said it, ISO 8601 in UTC. */
  at: string;
  /** The run that wrote it; absent for imported ones. */
  runId?: RunId;
}

/** The identity of an object: no two objects share it. */
export interface ObjectKey {
  /** A type of the closed registry, `indicator`, `identity`, `incident`, `asset`, … */
  type: string;
  /** The canonical subtype, such as `SHA-256`; types without subtypes have none. */
  subtype?: string;
  /** The normalised value. */
  value: string;
}

/** When a feed last saw an object. Times in ISO 8601. */
export interface FeedSight {
  /** Name of the feed. */
  feed: string;
  seenAt: string;
  /** Since when the feed's full passes do not find it; absent while they do. */
  absentSince?: string;
}

export interface DroverObject extends ObjectKey {
  id: ObjectId;
  aliases: string[];
  attributes: Attribute[];
  sources: string[];
  /** Feeds that have brought it, by name; absent when none has. */
  feeds?: FeedSight[];
  status?: string;
  /** Counts up by one with each change of value, status, aliases, sources or attributes. */
  revision: number;
  createdAt: string;
  updatedAt: string;
}

/** An object as an importer or a feed offers it, already normalised. */
export interface ObjectDraft extends ObjectKey {
  aliases?: string[];
  attributes?: { name: string; value: AttributeValue }[];
  status?: string;
  /** When its vendor last changed it, ISO 8601: what a mirror settles conflicts by. */
  changedAt?: string;
}

/** The object as a plugin sees it: no internal bookkeeping. Read-only. */
export interface PluginObject extends Readonly<ObjectKey> {
  readonly id: string;
  readonly aliases: readonly string[];
  /**
   * By name; those of one name from the oldest to the latest, whoever said them. In a run that sends what a mirror found
   * changed, each outgoing field is there once, by the source `mirror`, with the value to send.
   */
  readonly attributes: readonly Readonly<Pick<Attribute, 'name' | 'value' | 'source'>>[];
  readonly status?: string;
  readonly revision: number;
}
