import type { QuarantineRequests } from '../ports/quarantine.js';
import type { ActionRequests } from './action-requests.js';
import type { CollectionRequests } from './collection-requests.js';
import type { CommandRequests } from './command-requests.js';
import type { ConnectionRequests } from './connection-requests.js';
import type { DatabaseRequests } from './database-requests.js';
import type { FeedRequests, ServeState } from './feed-requests.js';
import type { ObjectRequests } from './object-requests.js';
import type { PluginRequests } from './plugin-requests.js';
import type { RunRequests } from './run-requests.js';
import type { ServeOptions, WorkerRequests } from './worker-requests.js';

/**
 * All that a face (the command line, later the HTTP API) can ask of Drover. What goes in and comes out is plain data,
 * so that one implementation can live in the same process and another behind an HTTP connection. `ref` is an id or a
 * name; a ref of nothing is the fault `NOT_FOUND`.
 */
export interface Application {
  readonly plugins: PluginRequests;
  readonly actions: ActionRequests;
  readonly connections: ConnectionRequests;
  readonly objects: ObjectRequests;
  readonly collections: CollectionRequests;
  readonly runs: RunRequests;
  readonly commands: CommandRequests;
  readonly feeds: FeedRequests;
  readonly databases: DatabaseRequests;
  readonly quarantine: QuarantineRequests;
  readonly workers: WorkerRequests;
  /** Looks whether everything that Drover stands on works. Never rejects for what it finds. */
  doctor(): Promise<DoctorReport>;
  /**
   * Executes runs and pulls, fires what is due, or both, until `close`. Over PostgreSQL any number of processes execute side
   * by side; over SQLite one does, and the others take over when it is gone. Resolves when it has begun; the listener hears
   * the state then and each change of it. A Redis that is away or refuses commands does not keep it from beginning;
   * a PostgreSQL that is starting is waited for. Faults: `REDIS_EVICTS`, `PORT_UNUSABLE`, `DATABASE_UNREACHABLE`.
   */
  serve(listener: (state: ServeState) => void, options?: ServeOptions): Promise<void>;
  /**
   * Ends work in hand gracefully, within the time to drain, and lets go of everything held. With `abandon` it waits for nothing: batches in flight
   * are cut off, and whoever executes next takes up their runs.
   */
  close(options?: { abandon?: boolean }): Promise<void>;
}

export interface DoctorCheck {
  /** What was looked at, such as "database". */
  check: string;
  result: 'ok' | 'warning' | 'problem';
  /** What was found, or what to do. One sentence. */
  detail: string;
}

export interface DoctorReport {
  /** False when a check found a problem; warnings do not count. */
  ok: boolean;
  checks: DoctorCheck[];
}
