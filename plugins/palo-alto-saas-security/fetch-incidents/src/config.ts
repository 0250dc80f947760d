import { checkPageSize, type DeltaQuery, filterQuery } from '@drover-plugins/palo-alto-saas-security-client';
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

const LARGEST_PAGE = 1_000;

/** What every page is asked for, but for its time. Throws `CONFIG_INVALID` for a page size that the API would not take. */
export function feedQuery({ pageSize, applicationIds, ...filter }: Config): DeltaQuery {
  checkPageSize(pageSize, { most: LARGEST_PAGE, code: 'CONFIG_INVALID', path: '/pageSize' });
  return { limit: String(pageSize), ...filterQuery({ ...filter, appIds: applicationIds }) };
}
