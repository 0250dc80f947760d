import { badRequest } from './saas-refusal.js';
import type { IncidentFilter } from './incident-store.js';

export interface DeltaQuery {
  limit: number;
  filter: IncidentFilter;
  /** What was asked for beside `from`, for the path of the next page. */
  rest: [string, string][];
  from: string | undefined;
}

const DEFAULT_LIMIT = 50;
const SMALLEST_LIMIT = 10;
const LARGEST_LIMIT = 1_000;
const PARAMETERS = new Set(['limit', 'from', 'to', 'app_ids', 'state', 'severity', 'status']);
/** ISO 8601 in UTC with three fractional digits. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const STATUSES = new Set([
  'open-new',
  'open-assigned',
  'open-in progress',
  'open-pending',
  'closed-no reason',
  'closed-business justified',
  'closed-misidentified',
  'closed-in the cloud',
  'closed-dismiss',
]);

/** Reads the query of the delta endpoint as strictly as its documentation words it. */
export function readDeltaQuery(url: string): DeltaQuery {
  const asked = new URLSearchParams(url.split('?', 2)[1] ?? '');
  for (const name of asked.keys()) {
    if (!PARAMETERS.has(name)) throw badRequest(`Unknown parameter ${name}`);
    if (asked.getAll(name).length > 1) throw badRequest(`Parameter ${name} is given more than once`);
  }
  const from = asked.get('from') ?? undefined;
  const to = asked.get('to') ?? undefined;
  const state = asked.get('state')?.toLowerCase();
  if (state !== undefined && state !== 'open' && state !== 'closed') {
    throw badRequest('state must be open or closed');
  }
  const appIds = listOf(asked, 'app_ids', (text) => text);
  const severities = listOf(asked, 'severity', severityOf);
  const statuses = listOf(asked, 'status', statusOf);
  const filter: IncidentFilter = {
    ...(from === undefined ? {} : { fromMs: timeOf('from', from) }),
    ...(to === undefined ? {} : { toMs: timeOf('to', to) }),
    ...(state === undefined ? {} : { state }),
    ...(appIds === undefined ? {} : { appIds }),
    ...(severities === undefined ? {} : { severities }),
    ...(statuses === undefined ? {} : { statuses }),
  };
  const rest = [...asked].filter(([name]) => name !== 'from' && name !== 'limit');
  return { limit: limitOf(asked.get('limit')), filter, rest, from };
}

/** Path and query of what follows a page: the time of the page's last incident, which is asked for again with it. */
export function nextPathOf(
  path: string,
  { limit, rest, from }: DeltaQuery,
  lastUpdate: string | undefined,
): string {
  const start = lastUpdate ?? from;
  const query = new URLSearchParams([
    ['limit', String(limit)],
    ...(start === undefined ? [] : [['from', start] as [string, string]]),
    ...rest,
  ]);
  return `${path}?${query}`;
}

function limitOf(text: string | null): number {
  if (text === null) return DEFAULT_LIMIT;
  const limit = Number(text);
  const isAllowed = /^\d+$/.test(text) && limit >= SMALLEST_LIMIT && limit <= LARGEST_LIMIT;
  if (isAllowed && limit % 10 === 0) return limit;
  throw badRequest(`limit must be a multiple of 10 from ${SMALLEST_LIMIT} to ${LARGEST_LIMIT}`);
}

function timeOf(name: string, text: string): number {
  if (TIME.test(text)) return Date.parse(text);
  throw badRequest(`${name} must be a time such as 2026-01-02T03:04:05.678Z`);
}

/** The items of a comma-separated parameter; `undefined` when it is not given. */
function listOf<Item>(
  asked: URLSearchParams,
  name: string,
  read: (text: string) => Item,
): ReadonlySet<Item> | undefined {
  const text = asked.get(name);
  if (text === null) return undefined;
  if (text === '') throw badRequest(`${name} should not be empty`);
  return new Set(text.split(',').map(read));
}

function severityOf(text: string): number {
  if (/^[1-5]$/.test(text)) return Number(text);
  throw badRequest('severity must be a list of 1 to 5');
}

function statusOf(text: string): string {
  const status = text.toLowerCase();
  if (STATUSES.has(status)) return status;
  throw badRequest(`Unknown status ${text}`);
}
