import type { ConnectionId } from '@drover/model';

/** A secret as given: the value itself, or where the runtime reads it each time it is needed. */
export type SecretInput = { value: string } | { env: string } | { file: string };

/** Transport settings that every connection has beside its vendor's fields. */
export interface TransportSettings {
  /** Verify the vendor's TLS certificate. Default true. */
  verifyTls: boolean;
  /** `system`: HTTP(S)_PROXY and NO_PROXY of the process; `none`: never a proxy; else the proxy's URL. */
  proxy: 'system' | 'none' | (string & {});
}

/** A connection as people and plugins may see it: secrets as set or not set. */
export interface Connection {
  id: ConnectionId;
  name: string;
  vendor: string;
  /** The vendor's fields without secrets; `baseUrl` is among them. */
  settings: Record<string, unknown>;
  transport: TransportSettings;
  /**
   * Most batches, polls and pulls in hand over the connection at a time, over all plugins, runs and workers; 1 to 1000. Absent: as many
   * as its plugins allow, each by the concurrency of its manifest.
   */
  concurrency?: number;
  /** Secret field name to how it is held. A field that is not set is absent. */
  secrets: Record<string, 'stored' | `env:${string}` | `file:${string}`>;
  createdAt: string;
  updatedAt: string;
}

export interface ConnectionInput {
  name: string;
  vendor: string;
  settings: Record<string, unknown>;
  transport?: Partial<TransportSettings>;
  concurrency?: number;
  secrets?: Record<string, SecretInput>;
}

/** Connections with their secrets encrypted at rest (AES-256-GCM; the key's id in the record, the record's identity as associated data). */
export interface ConnectionVault {
  create(input: ConnectionInput): Promise<Connection>;
  /** Changes what is given; a secret given as `undefined` is removed, and so is a concurrency of `null`. */
  update(
    ref: string,
    changes: Partial<Omit<ConnectionInput, 'name' | 'vendor' | 'concurrency' | 'secrets'>> & {
      concurrency?: number | null;
      secrets?: Record<string, SecretInput | undefined>;
    },
  ): Promise<Connection>;
  /** By id or name. */
  find(ref: string): Promise<Connection | undefined>;
  list(): Promise<Connection[]>;
  /** Refused (`CONNECTION_IN_USE`) while a run over it is open. */
  remove(ref: string): Promise<void>;
  /** The secrets in the clear, references resolved. For the broker only. Faults: `SECRET_UNREADABLE`, `KEY_UNKNOWN`. */
  reveal(id: ConnectionId): Promise<Record<string, string>>;
}
