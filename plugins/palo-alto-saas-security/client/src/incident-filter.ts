import { Fault } from '@drover/plugin-sdk';

/** Statuses as people read them, to what the filter takes. */
export const STATUS_FILTERS: Readonly<Record<string, string>> = {
  New: 'open-new',
  Assigned: 'open-assigned',
  'In Progress': 'open-in progress',
  Pending: 'open-pending',
  'No Reason': 'closed-no reason',
  'Business Justified': 'closed-business justified',
  Misidentified: 'closed-misidentified',
  'In The Cloud': 'closed-in the cloud',
  Dismiss: 'closed-dismiss',
};

/** Which incidents are wanted, in the words of people. What is left out, or `All`, is not asked for. */
export interface IncidentFilter {
  /** `All`, `Open` or `Closed`. */
  state?: string;
  /** `1` to `5`. */
  severity?: readonly string[];
  /** Names of `STATUS_FILTERS`. */
  status?: readonly string[];
  appIds?: readonly string[];
}

/** The filter as query parameters: comma lists, lower case, nothing for what is not wanted. */
export function filterQuery(filter: IncidentFilter): Record<string, string | undefined> {
  const { state, severity = [], status = [], appIds = [] } = filter;
  return {
    state: state === undefined || state === 'All' ? undefined : state.toLowerCase(),
    severity: list(severity),
    status: list(status.filter((name) => name !== 'All').map(toFilter)),
    app_ids: list(appIds),
  };
}

function list(items: readonly string[]): string | undefined {
  return items.length === 0 ? undefined : items.join(',');
}

function toFilter(name: string): string {
  const filter = Object.hasOwn(STATUS_FILTERS, name) ? STATUS_FILTERS[name] : undefined;
  if (filter !== undefined) return filter;
  throw new Fault(
    'CONFIG_INVALID',
    `SaaS Security has no status "${name}"; it has ${Object.keys(STATUS_FILTERS).join(', ')}.`,
    { path: '/status' },
  );
}
