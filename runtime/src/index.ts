export { createCliHost } from './cli-host.js';
export { openEmbedded } from './embedded.js';
export type { EmbeddedApplication } from './embedded/embedded-application.js';
export type { Surroundings } from './composition/parts.js';
export { renderEnvironmentPage } from './environment/environment-page.js';
export { readEnvironment, type ReadEnvironment } from './environment/read-environment.js';
export type { Settings } from './environment/settings.js';
export { VERSION } from './version.js';
