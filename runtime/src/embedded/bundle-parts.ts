/** Reading bundles, a chunk of its own of the bundled command line. */
export { readBundle, verifyBundle } from '@drover/plugin-host';
