import type { FaultEntries } from './fault-entry.js';

/** Faults of commands: their input, output and how they ended. */
export const COMMAND_FAULTS = {
  INPUT_INVALID: {
    title: 'Input invalid',
    help: 'Correct the values that the problems name; `drover command show ID` prints the schema.',
    exitCode: 1,
    httpStatus: 422,
  },
  CONFIRMATION_NEEDED: {
    title: 'Confirmation needed',
    help: 'Look with --plan at what a command would send, or with --dry-run at what an upgrade would change, then give --yes.',
    exitCode: 4,
    httpStatus: 409,
  },
  VENDOR_CONTRACT: {
    title: 'Output does not fit its schema',
    help: 'The vendor answers in another form than the plugin’s manifest says: report it to the plugin’s author.',
    exitCode: 3,
    httpStatus: 502,
  },
  COMMAND_INTERRUPTED: {
    title: 'Command interrupted',
    help: 'Its process stopped in the middle: where the message names a call, look at the vendor whether it happened.',
    exitCode: 3,
    httpStatus: 500,
  },
} as const satisfies FaultEntries;
