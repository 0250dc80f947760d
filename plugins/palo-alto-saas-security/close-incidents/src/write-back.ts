import {
  apiTime,
  type ClosedState,
  readApiTime,
  stateOf,
  type Incident,
} from '@drover-plugins/palo-alto-saas-security-client';
import type { WriteBack } from '@drover/plugin-sdk';

/** What SaaS Security answered after closing. Its answer has no status; that follows from the category. */
export function ofAnswer(answer: ClosedState): WriteBack {
  return written({ ...answer, status: `Closed-${titleOf(answer.category)}` });
}

/** What SaaS Security has, of an incident that was left as it is. */
export function ofIncident(incident: Incident): WriteBack {
  return written({ ...incident, state: stateOf(incident) });
}

function written({
  state,
  category,
  status,
  resolved_by: by,
  resolution_date: date,
}: Record<string, unknown>): WriteBack {
  const dateMs = readApiTime(date);
  const fields = {
    state: typeof state === 'string' ? state.toLowerCase() : undefined,
    category,
    status,
    resolved_by: by,
    resolution_date: dateMs === undefined ? undefined : apiTime(dateMs),
  };
  return {
    attributes: Object.entries(fields).flatMap(([name, value]) =>
      typeof value === 'string' ? [{ name, value }] : [],
    ),
    ...(fields.state === undefined ? {} : { status: fields.state }),
  };
}

/** `no_reason` as `No Reason`. */
function titleOf(category: string): string {
  return category
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ');
}
