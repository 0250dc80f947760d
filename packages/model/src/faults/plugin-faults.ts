import type { FaultEntries } from './fault-entry.js';

/** Faults of plugin code that runs in a sandbox. */
export const PLUGIN_FAULTS = {
  PLUGIN_ERROR: {
    title: 'Plugin threw an error',
    help: 'It is a mistake in the plugin: report it to its author with the log lines of the run, which hold the stack.',
    exitCode: 3,
    httpStatus: 502,
  },
} as const satisfies FaultEntries;
