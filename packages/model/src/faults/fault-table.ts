import { BUNDLE_FAULTS } from './bundle-faults.js';
import { COMMAND_FAULTS } from './command-faults.js';
import type { FaultEntries } from './fault-entry.js';
import { FEED_FAULTS } from './feed-faults.js';
import { IMPORT_FAULTS } from './import-faults.js';
import { MANIFEST_FAULTS } from './manifest-faults.js';
import { PLAN_FAULTS } from './plan-faults.js';
import { PLUGIN_FAULTS } from './plugin-faults.js';
import { RUN_FAULTS } from './run-faults.js';
import { RUNTIME_FAULTS } from './runtime-faults.js';
import { VENDOR_FAULTS } from './vendor-faults.js';

/** Every fault code with its title, advice, exit code and HTTP status. `docs/errors.md` is made from it. */
export const FAULTS = {
  ...RUN_FAULTS,
  ...PLAN_FAULTS,
  ...COMMAND_FAULTS,
  ...FEED_FAULTS,
  ...PLUGIN_FAULTS,
  ...MANIFEST_FAULTS,
  ...BUNDLE_FAULTS,
  ...IMPORT_FAULTS,
  ...VENDOR_FAULTS,
  ...RUNTIME_FAULTS,
} as const satisfies FaultEntries;

export type FaultCode = keyof typeof FAULTS;
