import type { FaultEntries } from './fault-entry.js';

/** Faults of plans and of applying them; some are only the reason of an object's outcome. */
export const PLAN_FAULTS = {
  PLAN_STOP: {
    title: 'Stopped by a plan',
    help: 'Nothing is wrong: a plan records a hook’s first write in place of sending it, and the hook ends there.',
    exitCode: 2,
    httpStatus: 409,
  },
  PLANNED: {
    title: 'Planned',
    help: 'A request that covers this object would be sent; apply the plan with `drover run apply`.',
    exitCode: 2,
    httpStatus: 409,
  },
  PLAN_NOT_COMPUTED: {
    title: 'Not computed by the plan',
    help: 'A hook ended at its first write before it had answered for this object; applying the plan shows what becomes of it.',
    exitCode: 2,
    httpStatus: 409,
  },
  PLAN_DRIFT: {
    title: 'Not as planned',
    help: 'The object or the request is not the one that the plan showed, so nothing was sent; plan again, or use run retry to send it unplanned.',
    exitCode: 3,
    httpStatus: 409,
  },
  PLAN_STALE: {
    title: 'Plan out of date',
    help: 'Plan again with `drover action run … --plan`: the pass, the plugin or its place in the pass changed since.',
    exitCode: 4,
    httpStatus: 409,
  },
  PLAN_INCOMPLETE: {
    title: 'Plan cannot be applied',
    help: 'Only a plan that came to its end can be applied; plan again, or run the action without a plan.',
    exitCode: 4,
    httpStatus: 409,
  },
} as const satisfies FaultEntries;
