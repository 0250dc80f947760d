import { BUNDLE_FAULTS } from './bundle-faults.js';
import { COMMAND_FAULTS } from './command-faults.js';
import type { FaultEntries, FaultEntry } from './fault-entry.js';
import { FEED_FAULTS } from './feed-faults.js';
import { IMPORT_FAULTS } from './import-faults.js';
import { MANIFEST_FAULTS } from './manifest-faults.js';
import { PLAN_FAULTS } from './plan-faults.js';
import { PLUGIN_FAULTS } from './plugin-faults.js';
import { RUN_FAULTS } from './run-faults.js';
import { RUNTIME_FAULTS } from './runtime-faults.js';
import { VENDOR_FAULTS } from './vendor-faults.js';

/** The parts of the fault table as `docs/errors.md` groups them. Every row of the table is in exactly one. */
export const FAULT_AREAS: readonly { title: string; intro: string; faults: FaultEntries }[] = [
  { title: 'Runs', intro: 'Passes, runs and what becomes of their batches.', faults: RUN_FAULTS },
  { title: 'Plans', intro: 'Planning a run and applying the plan.', faults: PLAN_FAULTS },
  { title: 'Feeds', intro: 'Feeds and their pulls.', faults: FEED_FAULTS },
  { title: 'Commands', intro: 'Running a command and what it answered.', faults: COMMAND_FAULTS },
  { title: 'Plugin code', intro: 'What a plugin’s own code did.', faults: PLUGIN_FAULTS },
  {
    title: 'Connections and vendor calls',
    intro: 'Accounts, their secrets, and the requests that are made with them.',
    faults: VENDOR_FAULTS,
  },
  {
    title: 'Imports, values and collections',
    intro: 'Objects on their way in. Most of them are the reason of one refused row; the other rows go in.',
    faults: IMPORT_FAULTS,
  },
  {
    title: 'Manifests, schemas and configs',
    intro:
      'What is wrong with a document. `MANIFEST_INVALID` and `CONFIG_INVALID` carry a list of the others, each with a ' +
      'JSON Pointer.',
    faults: MANIFEST_FAULTS,
  },
  { title: 'Bundles', intro: 'Packing, reading and installing bundles.', faults: BUNDLE_FAULTS },
  {
    title: 'Runtime',
    intro: 'The environment, the store, the command line and the process itself.',
    faults: RUNTIME_FAULTS,
  },
];

const INTRO = `# Errors

<!-- Generated from packages/model/src/faults: npm run docs -->

Whatever Drover refuses or fails at has a code. The code is its identity: scripts compare that, never the message,
which says what happened, to which thing, and what to do. The command line prints code and message and ends with the
exit code; an HTTP answer has the status; outcomes of objects carry code and message, too.

Codes that are not on this page come from a plugin; its README explains them.
`;

/** `docs/errors.md`. */
export function renderErrorPage(): string {
  return [INTRO, ...FAULT_AREAS.map(renderArea)].join('\n');
}

function renderArea({ title, intro, faults }: (typeof FAULT_AREAS)[number]): string {
  const rows = Object.entries(faults).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return [`## ${title}\n\n${intro}\n`, ...rows.map(([code, entry]) => renderFault(code, entry))].join('\n');
}

function renderFault(code: string, { title, help, exitCode, httpStatus, retryable }: FaultEntry): string {
  const retry = retryable ? 'trying again may help' : 'trying again does not help';
  return `### ${code}\n\n**${title}.** ${help}\n\nExit code ${exitCode}, HTTP ${httpStatus}, ${retry}.\n`;
}
