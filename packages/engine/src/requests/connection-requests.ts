import type { FaultRecord } from '@drover/model';
import type { Connection, SecretInput, TransportSettings } from '../ports/connection-vault.js';

/** One field of a vendor's account. */
export interface ConnectionField {
  name: string;
  title: string;
  description: string;
  /** JSON type, such as `string` or `boolean`. */
  type: string;
  required: boolean;
  secret: boolean;
}

export interface ConnectionRequest {
  name: string;
  vendor: string;
  settings: Record<string, unknown>;
  transport?: Partial<TransportSettings>;
  /** As the connection's; 1 to 1000. Default: none. */
  concurrency?: number;
  secrets?: Record<string, SecretInput>;
}

export interface ConnectionChanges {
  /** Laid over what is set, key by key; `null` takes a key away. */
  settings?: Record<string, unknown>;
  transport?: Partial<TransportSettings>;
  /** 1 to 1000; `null` takes it away. */
  concurrency?: number | null;
  /** Laid over what is set, key by key; `null` takes a secret away. */
  secrets?: Record<string, SecretInput | null>;
}

/** What one plugin's `testConnection` found. */
export interface ConnectionTest {
  connection: string;
  pluginId: string;
  /** `untested`: the plugin has no `testConnection`. */
  result: 'ok' | 'failed' | 'untested';
  steps: { step: string; ok: boolean; detail?: string }[];
  /** What ended the test before its last step. */
  fault?: FaultRecord;
}

/** A connection, and whether its vendor seems down, where several processes share what they know of that. */
export type ConnectionView = Connection & { vendorDown?: { nextCallInMs: number } };

export interface ConnectionRequests {
  /** Faults: `CONNECTION_INVALID` with every problem, `CONNECTION_EXISTS`. */
  create(request: ConnectionRequest): Promise<Connection>;
  update(ref: string, changes: ConnectionChanges): Promise<Connection>;
  list(): Promise<ConnectionView[]>;
  show(ref: string): Promise<ConnectionView>;
  remove(ref: string): Promise<void>;
  /** The fields of a vendor's account, from its installed plugins. Fault: `NOT_FOUND` when none is installed. */
  fields(vendor: string): Promise<ConnectionField[]>;
  /** Runs `testConnection` of the given action, or of every installed plugin of the connection's vendor. */
  test(ref: string, options?: { action?: string }): Promise<ConnectionTest[]>;
}
