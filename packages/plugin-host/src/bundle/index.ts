export {
  type BundleReport,
  type CallReport,
  type PluginReport,
  reportOf,
  verifyBundle,
} from './bundle-report.js';
export { checkCompatible } from './compatibility.js';
export { extractBundle } from './extract-bundle.js';
export { bundleDigest } from './bundle-digest.js';
export { readBundle, type ReadBundleOptions } from './read-bundle.js';
