export { brokenBundle, type BrokenBundleRecipe, type RecipeStep } from './bundles/broken-bundle.js';
export {
  goodBundle,
  goodBundleFiles,
  goodBundleManifest,
  goodPluginManifest,
  withFileList,
} from './bundles/good-bundle.js';
export { type RawEntry, type RawHeader, writeRawZip } from './bundles/raw-zip.js';
export { describePluginLibraryContract } from './contracts/describe-plugin-library-contract.js';
export { describeCollectionLibraryContract } from './contracts/describe-collection-library-contract.js';
export { describeObjectEditsContract } from './contracts/describe-object-edits-contract.js';
export { describeObjectLibraryContract } from './contracts/describe-object-library-contract.js';
export {
  describeDatabases,
  describePostgres,
  describeSqlite,
  missingPostgres,
  skipLoudly,
} from './databases/describe-databases.js';
export { untilCommittedInThread } from './databases/commit-in-thread.js';
export type { PostgresBinaries } from './databases/find-postgres.js';
export { OwnPostgres, missingOwnPostgres } from './databases/own-postgres.js';
export { missingPrometheus, prometheusFolder } from './databases/prometheus-programs.js';
export { OwnRedis, freshRedisUrl, missingRedis } from './databases/redis-servers.js';
export {
  startClusterRedis,
  startRestrictedRedis,
  startSentinels,
  startTlsRedis,
} from './databases/redis-kinds.js';
export { CuttableWire } from './databases/cuttable-wire.js';
export {
  START_TIMEOUT_MS,
  makeEmptyPostgres,
  makeMigratedPostgres,
  postgresOrigin,
  startPostgres,
} from './databases/postgres-databases.js';
export { makeProgram, type Program } from './databases/run-in-process.js';
export { vendorFiles, writeVendorFolder } from './bundles/vendor-folder.js';
export { describeScaledOut } from './behaviour/describe-scaled-out.js';
export { describeFeedBehaviour } from './behaviour/describe-feed-behaviour.js';
export { describeMirrorBehaviour } from './behaviour/describe-mirror-behaviour.js';
export { describePlanBehaviour } from './behaviour/describe-plan-behaviour.js';
export { describeQuarantineBehaviour } from './behaviour/describe-quarantine-behaviour.js';
export { describeRunBehaviour } from './behaviour/describe-run-behaviour.js';
export {
  type EngineWorld,
  type WorldOptions,
  behaviourManifest,
  openEngineWorld,
} from './behaviour/engine-world.js';
export { describePollBehaviour } from './behaviour/describe-poll-behaviour.js';
export { describeOnceBehaviour } from './behaviour/describe-once-behaviour.js';
export {
  type OnceCall,
  type Script,
  type ScriptCall,
  ScriptedRuntime,
} from './behaviour/scripted-runtime.js';
export { type BrokerWorld, type BrokerWorldOptions, openBrokerWorld } from './http/broker-world.js';
export { type ManualClock, manualClock } from './http/manual-clock.js';
export {
  type Answer,
  type MockedReply,
  type MockOptions,
  type SeenRequest,
  vendorMock,
  type VendorMock,
  type VendorMockOptions,
} from './http/vendor-mock.js';
export {
  describeCallJournalContract,
  type OpenedCallJournal,
} from './contracts/describe-call-journal-contract.js';
export { describeCommandLedgerContract } from './contracts/describe-command-ledger-contract.js';
export { describeLimitStoreContract } from './contracts/describe-limit-store-contract.js';
export { describeDoorbellContract } from './contracts/describe-doorbell-contract.js';
export { InProcessPluginRuntime } from './plugins/in-process-plugin-runtime.js';
export type {
  CommandReport,
  ExecuteReport,
  ExecuteSettings,
  HookReport,
  HookSettings,
  PullReport,
  PullSettings,
  RunReport,
} from './plugins/harness-reports.js';
export { createHarness, type HarnessOptions, type PluginHarness } from './plugins/plugin-harness.js';
export { pluginObject, pluginObjects } from './plugins/plugin-objects.js';
export { LOOPBACK_TLS } from './http/loopback-tls.js';
export { type LoopbackVendor, startLoopbackVendor } from './http/loopback-vendor.js';
export {
  describeConnectionVaultContract,
  type OpenedConnectionVault,
} from './contracts/describe-connection-vault-contract.js';
export {
  describeAccessTokenStoreContract,
  type OpenedAccessTokenStore,
} from './contracts/describe-access-token-store-contract.js';
