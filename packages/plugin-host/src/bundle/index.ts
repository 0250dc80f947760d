export {
  type BundleReport,
  type CallReport,
  type PluginReport,
  reportOf,
  verifyBundle,
} from './bundle-report.js';
export { checkCompatible } from './compatibility.js';
export { extractBundle } from './extract-bundle.js';
export { bundleDigest, readBundle, type ReadBundleOptions } from './read-bundle.js';
