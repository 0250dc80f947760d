import type { FaultEntries } from './fault-entry.js';

/** Faults of passes, runs, tasks and of the plugin contract. */
export const RUN_FAULTS = {
  INTERNAL: {
    title: 'Internal error',
    help: 'Report it with the output of the same command with --verbose.',
    exitCode: 3,
    httpStatus: 500,
  },
  NOT_FOUND: {
    title: 'Not found',
    help: 'List what exists with the matching list command and use one of those names or ids.',
    exitCode: 1,
    httpStatus: 404,
  },
  INVALID_ARGUMENT: {
    title: 'Invalid argument',
    help: 'Correct the argument that the message names.',
    exitCode: 1,
    httpStatus: 400,
  },
  PLUGIN_CONTRACT: {
    title: 'Plugin broke its contract',
    help: 'Report it to the plugin’s author: every object of a batch needs exactly one outcome.',
    exitCode: 3,
    httpStatus: 502,
  },
  PLUGIN_CRASHED: {
    title: 'Plugin process ended',
    help: 'Look at the plugin’s log lines of the run; the batch is tried again a few times.',
    retryable: true,
    exitCode: 3,
    httpStatus: 502,
  },
  PLUGIN_TIMEOUT: {
    title: 'Plugin took too long',
    help: 'Lower the batch size or raise limits.timeoutMs in the manifest.',
    retryable: true,
    exitCode: 3,
    httpStatus: 504,
  },
  CAP_BELOW_COLLECTION: {
    title: 'Cap below collection',
    help: 'This action takes its collection whole: raise --objects-per-run or offer a smaller collection.',
    exitCode: 4,
    httpStatus: 409,
  },
  TRIGGER_NOT_ALLOWED: {
    title: 'Trigger not allowed',
    help: 'Run the action in one of the ways that its manifest lists under triggers.',
    exitCode: 4,
    httpStatus: 409,
  },
  NOTHING_ACCEPTED: {
    title: 'Nothing accepted',
    help: 'Offer a collection with objects of the types that the action accepts.',
    exitCode: 2,
    httpStatus: 422,
  },
  RUN_ENDED: {
    title: 'Run has ended',
    help: 'Start a new run; an ended run does not change any more.',
    exitCode: 1,
    httpStatus: 409,
  },
  NOTHING_TO_RETRY: {
    title: 'Nothing to retry',
    help: 'The run has no failed object; nothing was done.',
    exitCode: 1,
    httpStatus: 409,
  },
  RUN_IN_PROGRESS: {
    title: 'Run in progress',
    help: 'Watch, resume or cancel the run that the message names; a pass has one run at a time.',
    exitCode: 4,
    httpStatus: 409,
  },
  WORKER_LOST: {
    title: 'Worker lost',
    help: 'Workers died over this batch again and again; look for what kills them, then use run retry.',
    exitCode: 3,
    httpStatus: 500,
  },
  NO_ANSWER: {
    title: 'No answer',
    help: 'Look at the vendor whether the call arrived; it is not repeated on its own.',
    exitCode: 3,
    httpStatus: 502,
  },
  LEASE_LOST: {
    title: 'Lease lost',
    help: 'Another worker owns the task now; its result counts, this one was discarded.',
    retryable: true,
    exitCode: 3,
    httpStatus: 409,
  },
  CANCELLED: {
    title: 'Cancelled',
    help: 'Somebody asked for it; start a new run to go on.',
    exitCode: 3,
    httpStatus: 409,
  },
  OBJECT_GONE: {
    title: 'Object gone',
    help: 'The object was removed after the pass was frozen; nothing was sent for it.',
    exitCode: 2,
    httpStatus: 410,
  },
  CONFIG_INVALID: {
    title: 'Config invalid',
    help: 'Correct the values that the problems name; `drover action show ID` prints the schema.',
    exitCode: 78,
    httpStatus: 422,
  },
} as const satisfies FaultEntries;
