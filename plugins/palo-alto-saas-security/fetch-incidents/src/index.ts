import {
  apiTime,
  checkIncidentAccess,
  type DeltaQuery,
  readIncidents,
} from '@drover-plugins/palo-alto-saas-security-client';
import { defineFeed } from '@drover/plugin-sdk';
import { checkOrder, checkProgress } from './check-order.js';
import { type Config, feedQuery } from './config.js';
import { timeBefore } from './first-fetch.js';
import { isSeen, placeAfter, placeOf, startOf, toCheckpoint } from './place.js';
import { toObject } from './to-object.js';

/** Brings incidents by the time of their last change, all pages of a cycle. */
export default defineFeed<Config, { baseUrl: string }>({
  testConnection: async (context) => {
    const from = timeBefore(context.config.firstFetch, new Date().toISOString());
    return checkIncidentAccess(context, { ...feedQuery(context.config), from: apiTime(from) });
  },

  async *pull(request, context) {
    const { config, connection } = context;
    const naming = { ...config, host: new URL(connection.baseUrl).hostname };
    const own = feedQuery(config);
    let place = placeOf(request, config);
    let query: DeltaQuery | undefined = { ...own, from: apiTime(startOf(place, config)) };
    while (query !== undefined) {
      const { incidents, next } = await readIncidents(context, query);
      const isLast = next === undefined;
      if (!isLast) checkOrder(incidents);
      const fresh = incidents.filter((incident) => !isSeen(incident, place));
      place = placeAfter(place, { incidents, isLast });
      yield { objects: fresh.map((one) => toObject(one, naming)), checkpoint: toCheckpoint(place) };
      if (!isLast) checkProgress(incidents);
      // What the vendor adds to the query is followed; the filter, and the time with nothing left out, are the feed's.
      query = isLast ? undefined : { ...next, ...own, from: apiTime(place.atMs) };
    }
  },
});
