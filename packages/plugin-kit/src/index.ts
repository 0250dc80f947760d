export { bundleFileName, packBundle, type PackedBundle, type PackOptions } from './pack-bundle.js';
