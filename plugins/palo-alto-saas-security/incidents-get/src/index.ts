import {
  apiTime,
  checkIncidentAccess,
  type DeltaQuery,
  filterQuery,
  type Incident,
  readIncidents,
  readNextPath,
  writeNextPath,
} from '@drover-plugins/palo-alto-saas-security-client';
import { defineCommand, Fault } from '@drover/plugin-sdk';

interface Input {
  limit: number;
  from?: string;
  to?: string;
  app_ids: string[];
  state: string;
  severity: string[];
  status: string[];
  next_page?: string;
}

interface Output {
  Incident: Incident[];
  NextResultsPage?: string;
}

/** Retrieves a page of incidents. */
export default defineCommand<Input, Output>({
  testConnection: (context) => checkIncidentAccess(context),

  async run(input, context) {
    const { incidents, next } = await readIncidents(context, queryOf(input));
    return {
      Incident: incidents,
      ...(next === undefined ? {} : { NextResultsPage: writeNextPath(next) }),
    };
  },
});

function queryOf({ next_page: nextPage, limit, from, to, app_ids: appIds, ...filter }: Input): DeltaQuery {
  if (nextPage !== undefined) return pageOf(nextPage);
  const [fromMs, toMs] = [from, to].map((time) => (time === undefined ? undefined : Date.parse(time)));
  if (fromMs !== undefined && toMs !== undefined && fromMs > toMs) {
    throw new Fault('INPUT_INVALID', 'from is later than to, so that nothing lies between; swap them.', {
      path: '/from',
    });
  }
  return {
    limit: String(limit),
    from: fromMs === undefined ? undefined : apiTime(fromMs),
    to: toMs === undefined ? undefined : apiTime(toMs),
    ...filterQuery({ ...filter, appIds }),
  };
}

/** Only what a page before has said; it has its own limit. */
function pageOf(nextPage: string): DeltaQuery {
  try {
    return readNextPath(nextPage);
  } catch (cause) {
    const message = 'next_page is not the NextResultsPage of a page of incidents; give it as it was printed.';
    throw new Fault('INPUT_INVALID', message, { path: '/next_page', cause });
  }
}
