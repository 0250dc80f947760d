import type { FaultEntries } from './fault-entry.js';

/** Faults of the environment, the store and the process. */
export const RUNTIME_FAULTS = {
  ENVIRONMENT_INVALID: {
    title: 'Environment invalid',
    help: 'Correct or unset the variables that the problems name; docs/environment.md lists them all.',
    exitCode: 78,
    httpStatus: 500,
  },
  VARIABLE_INVALID: {
    title: 'Environment variable invalid',
    help: 'Give the variable one of the values that docs/environment.md names, or unset it.',
    exitCode: 78,
    httpStatus: 500,
  },
  DATA_DIR_UNUSABLE: {
    title: 'Data folder unusable',
    help: 'Name a folder that this user may write with --data-dir or DROVER_DATA_DIR.',
    exitCode: 78,
    httpStatus: 500,
  },
  DATABASE_UNREACHABLE: {
    title: 'Database unreachable',
    help: 'Check DROVER_DATABASE_URL and that the database server answers there.',
    retryable: true,
    exitCode: 78,
    httpStatus: 503,
  },
  DATABASE_NEWER: {
    title: 'Database of a later version',
    help: 'Run the version of Drover that migrated the database, or restore the backup that was made before the upgrade.',
    exitCode: 78,
    httpStatus: 500,
  },
  DISK_FULL: {
    title: 'Disk full',
    help: 'Free space on the disk of the database or of the data folder. What was not stored is done again by itself; a command that failed has to be given again.',
    retryable: true,
    exitCode: 3,
    httpStatus: 507,
  },
  DATABASE_IN_USE: {
    title: 'Database in use',
    help: 'Stop `drover serve` and every other command on both databases, then copy again.',
    exitCode: 4,
    httpStatus: 409,
  },
  DATABASE_NOT_EMPTY: {
    title: 'Database not empty',
    help: 'Copy to a new database or folder; nothing is ever merged or written over.',
    exitCode: 4,
    httpStatus: 409,
  },
  COPY_UNVERIFIED: {
    title: 'Copy not verified',
    help: 'The target holds something else than the source; it was left empty. Report it with the message.',
    exitCode: 3,
    httpStatus: 500,
  },
  REDIS_UNREACHABLE: {
    title: 'Redis unreachable',
    help: 'Check DROVER_REDIS_URL and that Redis answers there. No work is lost while it is away: it is found more slowly.',
    retryable: true,
    exitCode: 78,
    httpStatus: 503,
  },
  REDIS_EVICTS: {
    title: 'Redis may evict',
    help: 'Set maxmemory-policy to noeviction, or give Drover a Redis of its own.',
    retryable: false,
    exitCode: 78,
    httpStatus: 503,
  },
  CONNECTION_INVALID: {
    title: 'Connection invalid',
    help: 'Correct the settings and secrets that the problems name; `drover plugin show` prints what the vendor wants.',
    exitCode: 78,
    httpStatus: 422,
  },
  FILE_UNREADABLE: {
    title: 'File unreadable',
    help: 'Name a file that exists and that this user may read.',
    exitCode: 1,
    httpStatus: 400,
  },
  FILE_UNWRITABLE: {
    title: 'File cannot be written',
    help: 'Name a file in a folder that exists and that this user may write.',
    exitCode: 1,
    httpStatus: 400,
  },
  SECRET_IN_ARGV: {
    title: 'Secret on the command line',
    help: 'Give secrets by prompt, --secret-stdin NAME, or a reference NAME=env:VARIABLE or NAME=file:PATH.',
    exitCode: 1,
    httpStatus: 400,
  },
  SECRET_NEEDS_TERMINAL: {
    title: 'Secret needs a terminal',
    help: 'Give it with --secret-stdin NAME or a reference where there is no terminal to ask on.',
    exitCode: 1,
    httpStatus: 400,
  },
  INTERRUPTED: {
    title: 'Interrupted',
    help: 'Start the command again; `drover run list` shows what is still open.',
    exitCode: 3,
    httpStatus: 503,
  },
  STOP_OVERDUE: {
    title: 'Stopping took too long',
    help: 'Look whether database, Redis and vendors answer. No work is lost: others take up what the process held.',
    exitCode: 3,
    httpStatus: 503,
  },
  PORT_UNUSABLE: {
    title: 'Port cannot be used',
    help: 'Name another port, or stop what listens there.',
    exitCode: 1,
    httpStatus: 409,
  },
  SIMULATOR_UNKNOWN: {
    title: 'Simulator unknown',
    help: 'Use one of the vendors that the message names.',
    exitCode: 1,
    httpStatus: 404,
  },
} as const satisfies FaultEntries;
