import type { FaultRecord, Page, PageRequest } from '@drover/model';
import type { LogLine } from './run-ledger.js';

/** An object that ended a plugin's process when it was alone with it. */
export interface QuarantineEntry {
  id: string;
  pluginId: string;
  version: string;
  /** The bundle whose code it met. */
  bundleDigest: string;
  object: { id: string; type: string; subtype?: string; value: string };
  /** The object's then; another one now is tried again. */
  revision: number;
  runId: string;
  fault: FaultRecord;
  /** Tries of the object in that run. */
  attempts: number;
  /** What was logged last before the end. */
  log: LogLine[];
  /** ISO 8601. */
  at: string;
}

/** What can be asked about objects in quarantine. `ref` is an entry's id, or an object's id or value. */
export interface QuarantineRequests {
  /** The newest first. */
  list(request?: PageRequest & { plugin?: string }): Promise<Page<QuarantineEntry>>;
  show(ref: string): Promise<QuarantineEntry>;
  /** Lets objects go, those that are named or all of a plugin; returns how many. */
  redrive(request: { refs: readonly string[] } | { plugin: string }): Promise<number>;
}

/** Objects that no plugin process gets until they or it change. */
export interface Quarantine {
  /** The newest first. */
  list(request: PageRequest & { pluginId?: string }): Promise<Page<QuarantineEntry>>;
  /** By its id, the object's id, or the object's value: the newest of them. */
  find(ref: string): Promise<QuarantineEntry | undefined>;
  /** Lets go of these; the next pass takes the objects again. Returns how many there were. */
  redrive(ids: readonly string[]): Promise<number>;
}
