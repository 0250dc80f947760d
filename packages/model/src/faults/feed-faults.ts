import type { FaultEntries } from './fault-entry.js';

/** Faults of feeds and their pulls. */
export const FEED_FAULTS = {
  FEED_EXISTS: {
    title: 'Feed exists',
    help: 'Choose another name, or remove the feed of that name first.',
    exitCode: 1,
    httpStatus: 409,
  },
  PULL_IN_PROGRESS: {
    title: 'Pull in progress',
    help: 'A feed has one pull at a time: follow it with `drover feed run NAME`, or wait until it has ended.',
    exitCode: 4,
    httpStatus: 409,
  },
} as const satisfies FaultEntries;
