import type { CollectionName } from './site-collections.js';
import { GROUP, LIST, NEW_GROUP, PROFILE, type SiteVendors } from './site-vendors.js';

export const LIST_CONFIG = ['--set', `urlListName=${LIST}`];
export const PROFILE_CONFIG = ['--set', `fileProfileName=${PROFILE}`];
export const GROUP_CONFIG = ['--set', `groupName=${GROUP}`];
export const NEW_GROUP_CONFIG = ['--set', `groupName=${NEW_GROUP}`];

/** What is typed to run an action over a collection. */
export function actionRun(action: string, collection: CollectionName, ...more: string[]): string[] {
  return ['action', 'run', action, '--collection', collection, '--connection', 'lab', ...more];
}

/** Users on whom an impact was made, once for each. */
export function impactsIn({ netskope }: SiteVendors): string[] {
  return netskope.state().impacts.map(({ user }) => user);
}

/** What the URL list holds, as last edited. */
export function entriesIn({ netskope }: SiteVendors): string[] {
  return netskope.state().lists.find(({ name }) => name === LIST)!.urls;
}

/** What the file profile holds. */
export function hashesIn({ netskope }: SiteVendors): string[] {
  return netskope.state().fileProfiles.find(({ name }) => name === PROFILE)!.hashes;
}

/** SCIM users that were not there from the start. */
export function createdUsersIn({ netskope }: SiteVendors): string[] {
  const { users } = netskope.state().scim;
  return users.filter(({ id, userName }) => id !== userName).map(({ userName }) => userName);
}

/** Members of both groups; the ids of those who may be in them are their names. */
export function membersIn({ netskope }: SiteVendors): string[] {
  return netskope.state().scim.groups.flatMap(({ members }) => members);
}

/** Users whose status was changed, once for each change. */
export function changedUsersIn({ okta }: SiteVendors): string[] {
  return okta.state().users.flatMap(({ login, changes }) => Array.from({ length: changes }, () => login));
}
