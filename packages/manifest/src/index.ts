export {
  parsePluginManifest,
  lintPluginManifest,
  type ParseOptions,
} from './plugin/parse-plugin-manifest.js';
export { parseBundleManifest, parseFileList } from './plugin/parse-bundle.js';
export { checkConfig, checkOutput, type ConfigResult } from './config/check-config.js';
export { lintConfigSchema, type SchemaRole } from './config/lint-config.js';
export { checkConnection, secretNamesOf, type ConnectionResult } from './connection/check-connection.js';
export { compareManifests, type ManifestChange } from './upgrade/compare-manifests.js';
export { carryConfig, type CarriedConfig } from './upgrade/carry-config.js';
export { checkEngine } from './engine-range.js';
export { checkDocument, contractSchema, CONTRACT_NAMES, type ContractName } from './check/contract.js';
export type { Problem } from './json/problem.js';
