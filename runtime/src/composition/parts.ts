import type {
  AccessTokenStore,
  CallJournal,
  CommandLedger,
  CommandRunner,
  CollectionLibrary,
  ConnectionVault,
  Doorbell,
  Engine,
  FeedLedger,
  Governor,
  Leases,
  LimitStore,
  MirrorLedger,
  ObjectLibrary,
  PluginLibrary,
  Quarantine,
  RetentionStore,
  RunLedger,
  SecretCipher,
  WorkWatch,
} from '@drover/engine';
import type { SandboxedPluginRuntime } from '@drover/plugin-host';
import type { Database } from '@drover/store';
import type { Logger } from 'pino';
import type { Environment } from '../environment/read-environment.js';
import type { Settings } from '../environment/settings.js';
import type { Health } from '../health/health.js';
import type { Meters } from '../health/meters.js';
import type { DataFolder } from './data-folder.js';
import type { ReleaseOptions } from './releases.js';

/** What every part may know of the process. */
export interface Surroundings {
  settings: Settings;
  /** The running version of Drover. */
  version: string;
  /** For references to secrets, and for `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`. */
  environment: Environment;
  /** Tells a person something beside results and logs, such as that a key file was made. */
  notify(line: string): void;
}

/**
 * The parts of the embedded runtime. Each is made when it is first asked for, together with what it needs, and is the
 * same ever after: a command that lists objects never loads what runs plugins.
 */
export interface Parts {
  surroundings: Surroundings;
  log(): Promise<Logger>;
  dataFolder(): Promise<DataFolder>;
  /** Open, and brought to this version's schema. */
  database(): Promise<Database>;
  objects(): Promise<ObjectLibrary>;
  collections(): Promise<CollectionLibrary>;
  plugins(): Promise<PluginLibrary>;
  cipher(): Promise<SecretCipher>;
  connections(): Promise<ConnectionVault>;
  accessTokens(): Promise<AccessTokenStore>;
  ledger(): Promise<RunLedger>;
  journal(): Promise<CallJournal>;
  commandLedger(): Promise<CommandLedger>;
  feeds(): Promise<FeedLedger>;
  mirrors(): Promise<MirrorLedger>;
  leases(): Promise<Leases>;
  quarantine(): Promise<Quarantine>;
  retention(): Promise<RetentionStore>;
  workWatch(): Promise<WorkWatch>;
  doorbell(): Promise<Doorbell>;
  meters(): Promise<Meters>;
  health(): Promise<Health>;
  /** Where the health endpoints of this process are; `undefined` when no port is set. */
  healthUrl(): Promise<string | undefined>;
  /** Where rate limits, and what vendors seem down, are kept. */
  limits(): Promise<LimitStore>;
  governor(): Promise<Governor>;
  pluginRuntime(): Promise<SandboxedPluginRuntime>;
  engine(): Promise<Engine>;
  commandRunner(): Promise<CommandRunner>;
  /** Ends what was made, last made first. With `abandon` it waits for no batch in flight. */
  close(options: ReleaseOptions): Promise<void>;
}
