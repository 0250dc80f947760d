export type { CliHost, EffectiveSetting, PackedBundle, RunningSimulator } from './cli-host.js';
export type { CliStreams } from './session.js';
export { runCli } from './run-cli.js';
export { renderCliPage } from './cli-page.js';
