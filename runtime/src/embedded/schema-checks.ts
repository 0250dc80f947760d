/** Checks against the schemas of manifests, a chunk of its own of the bundled command line: what checks nothing does without. */
export { carryConfig, checkConfig, checkConnection, compareManifests } from '@drover/manifest';
