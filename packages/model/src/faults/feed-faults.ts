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
  MIRROR_NOT_POSSIBLE: {
    title: 'Mirror not possible',
    help: 'Choose a direction that the feed’s plugin offers (`mirror` in its manifest), and install the action that it sends by.',
    exitCode: 1,
    httpStatus: 422,
  },
  MIRROR_DEFERRED: {
    title: 'Mirror deferred',
    help: 'The run that was to send the change ended before it came to the object; the change is offered again.',
    exitCode: 2,
    httpStatus: 503,
  },
} as const satisfies FaultEntries;
