import type {
  AttributeValue,
  BundleManifest,
  CollectionQuery,
  CommandRun,
  CommandStatus,
  DroverObject,
  FaultRecord,
  OutcomeStatus,
  Page,
  PageRequest,
  PassId,
  Run,
  RunStatus,
  Trigger,
} from '@drover/model';
import type { CommandWrite } from './commands/command-gate.js';
import type { DatabaseRequests } from './database-requests.js';
import type { FeedRequests, ServeState } from './feed-requests.js';
import type { ServeOptions, WorkerRequests } from './worker-requests.js';
import type { Connection, SecretInput, TransportSettings } from './ports/connection-vault.js';
import type { AttributeChange, StoredCollection } from './ports/object-library.js';
import type { InstalledPlugin, InstallReport } from './ports/plugin-library.js';
import type { QuarantineRequests } from './ports/quarantine.js';
import type { PlannedCall, PlannedRequest, PlannedSet, PlannedWriteBack } from './ports/plan-ledger.js';
import type { LogLine, ReasonCount, Resolution, RunHold, StoredOutcome } from './ports/run-ledger.js';

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
   * the state then and each change of it. A Redis that is away does not keep it from beginning; a PostgreSQL that is starting is
   * waited for. Faults: `REDIS_EVICTS`, `PORT_UNUSABLE`, `DATABASE_UNREACHABLE`.
   */
  serve(listener: (state: ServeState) => void, options?: ServeOptions): Promise<void>;
  /**
   * Ends work in hand gracefully, within the time to drain, and lets go of everything held. With `abandon` it waits for nothing: batches in flight
   * are cut off, and whoever executes next takes up their runs.
   */
  close(options?: { abandon?: boolean }): Promise<void>;
}

/** What a bundle says about itself after every check, without being installed. */
export interface BundleSummary {
  /** SHA-256 of the zip, lower-case hex. */
  digest: string;
  bundle: BundleManifest;
  plugins: { pluginId: string; version: string; name: string; kind: string }[];
}

export interface PluginRequests {
  /** Installs a bundle's zip. Faults: those of `verify`, `ALREADY_INSTALLED`. */
  install(zip: Uint8Array): Promise<InstallReport>;
  list(): Promise<InstalledPlugin[]>;
  show(ref: string): Promise<InstalledPlugin>;
  /** Checks a zip as `install` would and changes nothing. */
  verify(zip: Uint8Array): Promise<BundleSummary>;
}

export interface ActionRunRequest {
  action: string;
  collection: string;
  connection: string;
  /** Laid over the action's configured defaults, key by key. */
  config?: Record<string, unknown>;
  /** Default `manual`. */
  trigger?: Trigger;
  /** Names the step whose memory decides what is new; needed with the trigger `schedule`. */
  stepKey?: string;
  /** Most objects that this run takes. Default: the manifest's. */
  objectsPerRun?: number;
  /** Gives up the open pass and starts a new one. */
  restart?: boolean;
  /** Shows what the run would send, and sends nothing. Not together with `restart`. */
  plan?: boolean;
}

/** What became of asking for a run. */
export interface RunStart {
  /** Absent when a scheduled pass found nothing new to offer. */
  run?: RunView;
  pass: {
    id: PassId;
    objects: number;
    /** Objects of the collection whose type the action does not accept; they are not part of the pass. */
    notAccepted: number;
  };
}

export interface ActionRequests {
  /** Installed plugins of kind `action`. */
  list(): Promise<InstalledPlugin[]>;
  show(ref: string): Promise<InstalledPlugin>;
  /** Sets the defaults that a run starts from; `null` takes a key away. Faults: `CONFIG_INVALID` with every problem. */
  configure(ref: string, changes: Record<string, unknown>): Promise<InstalledPlugin>;
  /**
   * Opens or continues a pass and queues its next run. Resolves as soon as the run is stored; follow it with
   * `runs.watch`. Faults: `CONFIG_INVALID`, `TRIGGER_NOT_ALLOWED`, `CAP_BELOW_COLLECTION`, `NOTHING_ACCEPTED`, …
   */
  run(request: ActionRunRequest): Promise<RunStart>;
}

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
  secrets?: Record<string, SecretInput>;
}

export interface ConnectionChanges {
  /** Laid over what is set, key by key; `null` takes a key away. */
  settings?: Record<string, unknown>;
  transport?: Partial<TransportSettings>;
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

export type ImportFormat = 'csv' | 'jsonl' | 'stix' | 'list';

export interface ImportRequest {
  /** Name of the fixed list that takes the objects; made when there is none. */
  collection: string;
  /** Default: by the file's name and first bytes. */
  format?: ImportFormat;
  /** Name of the file: it tells the format, and is the source where `source` is silent. */
  fileName?: string;
  /** Type and subtype of the objects of plain lists, and of rows that do not say. */
  type?: string;
  subtype?: string;
  /** Who says so: recorded with objects and attributes. */
  source?: string;
}

export interface RejectedRow {
  /** Line of the file, from 1. */
  line: number;
  value: string;
  reason: string;
  code: string;
}

/** What an import came to. */
export interface ImportReport {
  collection: string;
  created: number;
  updated: number;
  unchanged: number;
  /** Rows about an object that an earlier row was about. */
  duplicates: number;
  /** How many rows were refused in all. */
  rejectedCount: number;
  /** The first 1000 of them. */
  rejected: RejectedRow[];
  /** JSON Lines file with all refused rows, where there were more than `rejected` holds. */
  rejectedFile?: string;
  /** Different objects that the file offers, by `type` or `type/subtype`, most first. */
  byType: Record<string, number>;
  /** Why reading stopped before the end; what was read before that place is in. */
  fault?: FaultRecord;
}

export interface ImportProgress {
  /** Bytes of the input read so far. */
  bytes: number;
  rows: number;
  rejected: number;
}

export interface ObjectQuery {
  /** Name or id of a collection. */
  collection?: string;
  filter?: CollectionQuery;
}

export interface ObjectChanges {
  status?: string;
  attributes?: Record<string, AttributeValue>;
  /** Names whose values of the source are taken away. */
  removeAttributes?: string[];
  /** Further names of the object, as people write them. */
  aliases?: string[];
  /** Who says so. Default `manual`. */
  source?: string;
}

export type ExportFormat = 'jsonl' | 'csv';

export interface ObjectRequests {
  /** Reads a file as a stream; the good rows go in, the refused ones are reported. */
  import(
    input: AsyncIterable<Uint8Array>,
    request: ImportRequest,
    onProgress?: (progress: ImportProgress) => void,
  ): Promise<ImportReport>;
  list(query: ObjectQuery & PageRequest): Promise<Page<DroverObject>>;
  /** By id. */
  show(ref: string): Promise<DroverObject & { history: AttributeChange[] }>;
  /**
   * Edits an object, named by its id, `type/value` or `type/subtype/value`. Faults: `NOT_FOUND`, `INVALID_ARGUMENT` (several
   * objects fit, or a value is out of bounds), `ALIAS_TAKEN` naming the owner, and those of normalising an alias.
   */
  set(ref: string, changes: ObjectChanges): Promise<{ object: DroverObject; changed: boolean }>;
  /** Objects as text, chunk by chunk. */
  export(query: ObjectQuery, options: { format: ExportFormat }): AsyncIterable<string>;
}

export interface CollectionView extends StoredCollection {
  objects: number;
}

export interface CollectionRequests {
  /** A fixed list, or with `query` a saved query. Faults: `COLLECTION_EXISTS`, `QUERY_INVALID`. */
  create(request: { name: string; query?: CollectionQuery }): Promise<CollectionView>;
  list(): Promise<CollectionView[]>;
  show(
    ref: string,
  ): Promise<CollectionView & { byType: { type: string; subtype?: string; objects: number }[] }>;
  remove(ref: string): Promise<void>;
}

/** A run with the names of what it runs over. */
export interface RunView extends Run {
  hold: RunHold;
  /** It has begun and not ended, and nobody goes on with it: no process that may still live executes runs. */
  isInterrupted: boolean;
  collection: string;
  connection: string;
}

/** A run at one moment, with what its plugin has logged since the moment before. */
export interface RunSighting {
  run: RunView;
  log: LogLine[];
}

export interface OutcomeFilter {
  status?: OutcomeStatus;
}

/** What a plan would send. */
export interface PlanView {
  /** Its requests by call. */
  calls: PlannedCall[];
  /** The requests themselves; a page holds at most 8 MiB of bodies. */
  requests: Page<PlannedRequest>;
  /** What it would set on objects, by attribute; what a planned request would have set is not known. */
  sets: PlannedSet[];
  writeBacks: Page<PlannedWriteBack>;
  /** It came to its end, so that `apply` can take it, as long as nobody takes its objects first. */
  isApplicable: boolean;
}

export interface RunRequests {
  /** Newest first. */
  list(query: { status?: RunStatus; action?: string } & PageRequest): Promise<Page<RunView>>;
  show(ref: string): Promise<RunView>;
  /** The run's state now, then as it goes on until it has ended; the last one that comes is the end. */
  watch(ref: string, options?: { signal?: AbortSignal }): AsyncIterable<RunSighting>;
  /** Asks for a graceful end: batches in hand finish, or with `atOnce` are cut off; the rest is deferred. */
  cancel(ref: string, options?: { atOnce?: boolean }): Promise<RunView>;
  /** Says of unknown objects of an ended run whether they were sent. Faults: `RUN_IN_PROGRESS`, `NOT_UNKNOWN`, `NOT_FOUND`. */
  resolve(ref: string, resolution: Resolution): Promise<{ run: RunView; resolved: number }>;
  /** Sees to it that an open run goes on being executed. Fault: `RUN_ENDED`. */
  resume(ref: string): Promise<RunView>;
  /** A new run over the run's failed objects. Fault: `NOTHING_TO_RETRY`. */
  retry(ref: string): Promise<RunView>;
  /**
   * What a plan would send and set. A cursor goes on with the one list that gave it; the other is empty then. Fault:
   * `INVALID_ARGUMENT` for a run that is no plan.
   */
  plan(ref: string, query?: PageRequest): Promise<PlanView>;
  /** A new run that does what the plan showed. Faults: `PLAN_STALE`, `PLAN_INCOMPLETE`, `RUN_IN_PROGRESS`. */
  apply(ref: string): Promise<RunView>;
  outcomes(ref: string, query: OutcomeFilter & PageRequest): Promise<Page<StoredOutcome>>;
  /** The reasons of a run, most frequent first, at most `limit` (default 10). */
  reasons(ref: string, options?: { limit?: number }): Promise<ReasonCount[]>;
  /** Outcomes as text, chunk by chunk. */
  export(ref: string, options: OutcomeFilter & { format: ExportFormat }): AsyncIterable<string>;
}

export interface CommandRunRequest {
  command: string;
  connection: string;
  /** Checked against the manifest's `input`; its defaults are filled in. */
  input: Record<string, unknown>;
  /** Laid over the plugin's configured defaults, key by key. */
  config?: Record<string, unknown>;
  /** Default `manual`. */
  trigger?: Trigger;
  /** Shows the first write in place of sending it. */
  plan?: boolean;
  /** Lets destructive calls leave. Default false: the first one ends the command with `CONFIRMATION_NEEDED`. */
  confirmed?: boolean;
}

/** A command on record, with the name of what it ran over. */
export interface CommandRunView extends CommandRun {
  connection: string;
}

/** What a command came to: exactly one of `output`, `planned` and `run.fault` unless a plan came to its end. */
export interface CommandAnswer {
  run: CommandRunView;
  /** Fits the manifest's `output`. */
  output?: unknown;
  /** The first write of a plan. */
  planned?: CommandWrite;
  /** Every place where an output differs from its schema, with the fault `VENDOR_CONTRACT`. */
  problems?: readonly FaultRecord[];
  /** What the plugin has logged. */
  log: LogLine[];
}

export interface CommandRequests {
  /** Installed plugins of kind `command`. */
  list(): Promise<InstalledPlugin[]>;
  show(ref: string): Promise<InstalledPlugin>;
  /**
   * Runs a command once and resolves with what it came to, faults of its plugin and of the vendor included. Faults before
   * it is on record: `INPUT_INVALID` and `CONFIG_INVALID` with every problem, `TRIGGER_NOT_ALLOWED`.
   */
  run(request: CommandRunRequest, options?: { signal?: AbortSignal }): Promise<CommandAnswer>;
  /** Commands on record, newest first; those whose process died are ended first. */
  history(query: { status?: CommandStatus; command?: string } & PageRequest): Promise<Page<CommandRunView>>;
  /** One of them, by its id. */
  past(ref: string): Promise<CommandRunView>;
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
