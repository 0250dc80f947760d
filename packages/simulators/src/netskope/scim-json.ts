import type { ScimGroup, ScimPage, ScimUser } from './scim-store.js';

const CORE = 'urn:ietf:params:scim:schemas:core:2.0';
export const USER_SCHEMA = `${CORE}:User`;
export const GROUP_SCHEMA = `${CORE}:Group`;
const LIST_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';

export function userJson(user: ScimUser): object {
  const { id, externalId, userName, givenName, familyName, active, emails, createdAt, changedAt } = user;
  return {
    schemas: [USER_SCHEMA],
    id,
    ...(externalId === null ? {} : { externalId }),
    userName,
    name: { givenName, familyName },
    active,
    emails,
    meta: { resourceType: 'User', created: createdAt, lastModified: changedAt },
  };
}

export function groupJson(group: ScimGroup): object {
  const { id, externalId, displayName, members, createdAt, changedAt } = group;
  return {
    schemas: [GROUP_SCHEMA],
    id,
    ...(externalId === null ? {} : { externalId }),
    displayName,
    members: [...members].map((value) => ({ value })),
    meta: { resourceType: 'Group', created: createdAt, lastModified: changedAt },
  };
}

export function listJson<Item>(page: ScimPage<Item>, json: (item: Item) => object): object {
  return {
    schemas: [LIST_SCHEMA],
    totalResults: page.total,
    startIndex: page.startIndex,
    itemsPerPage: page.items.length,
    Resources: page.items.map(json),
  };
}
