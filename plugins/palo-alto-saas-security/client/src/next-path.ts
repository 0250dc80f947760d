import { Fault } from '@drover/plugin-sdk';

const DELTA_PATH = '/incident/api/incidents/delta';
const PARAMETERS = ['limit', 'from', 'to', 'app_ids', 'state', 'severity', 'status'];

/** The query of a page, as the call takes it. */
export type DeltaQuery = Record<string, string | undefined>;

/**
 * Reads the path of the next page, which the API gives with every page, the last one included. It is followed only as what
 * it should be: a path and query of the same endpoint. Fault `VENDOR_ANSWER_INVALID` for one that leaves the host or the
 * endpoint, whoever wrote it.
 */
export function readNextPath(nextPath: string): DeltaQuery {
  const isPath = nextPath.startsWith('/') && !nextPath.startsWith('//') && !nextPath.includes('\\');
  const [path, query = ''] = nextPath.split('?', 2);
  if (!isPath || path !== DELTA_PATH) throw leaves(nextPath);
  const asked = [...new URLSearchParams(query)];
  const unknown = asked.find(([name]) => !PARAMETERS.includes(name));
  if (unknown !== undefined) throw leaves(nextPath);
  return Object.fromEntries(asked);
}

/** A page's query as the path that `readNextPath` reads. */
export function writeNextPath(query: DeltaQuery): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return `${DELTA_PATH}?${new URLSearchParams(given)}`;
}

function leaves(nextPath: string): Fault {
  return new Fault(
    'VENDOR_ANSWER_INVALID',
    `The path of the next page, "${nextPath.slice(0, 200)}", does not stay at ${DELTA_PATH}; it is not followed.`,
  );
}
