import { type DeltaQuery, filterQuery } from '@drover-plugins/palo-alto-saas-security-client';
import type { ClassifierRule } from './incident-type.js';

/** The feed's config, by the manifest's schema. */
export interface Config {
  firstFetch: string;
  state: string;
  severity: string[];
  status: string[];
  applicationIds: string[];
  pageSize: number;
  overlapMinutes: number;
  incidentType: string;
  classifier: ClassifierRule[];
}

/** What every page is asked for, but for its time. */
export function feedQuery({ pageSize, applicationIds, ...filter }: Config): DeltaQuery {
  return { limit: String(pageSize), ...filterQuery({ ...filter, appIds: applicationIds }) };
}
