import type { ListView } from './url-list-store.js';

/** The fields of a list that `field=` can choose, in the vendor's order. */
export const LIST_FIELDS = [
  'id',
  'name',
  'data',
  'modify_by',
  'modify_time',
  'modify_type',
  'pending',
] as const;

export type ListField = (typeof LIST_FIELDS)[number];

/** A list as the vendor writes it. Text and no object, since a list may hold hundreds of thousands of URLs. */
export function listJson(list: ListView, fields: readonly ListField[] = LIST_FIELDS): string {
  return `{${fields.map((field) => `"${field}":${fieldJson(list, field)}`).join(',')}}`;
}

export function listsJson(lists: readonly ListView[], fields?: readonly ListField[]): string {
  return `[${lists.map((list) => listJson(list, fields)).join(',')}]`;
}

function fieldJson(list: ListView, field: ListField): string {
  switch (field) {
    case 'id':
      return String(list.id);
    case 'name':
      return JSON.stringify(list.name);
    case 'data':
      return `{"type":"${list.type}","urls":${list.urls.toJsonText()},"json_version":2}`;
    case 'modify_by':
      return '"Netskope API"';
    case 'modify_time':
      return JSON.stringify(list.modifyTime);
    case 'modify_type':
      return `"${list.modifyType}"`;
    case 'pending':
      return String(list.pending);
  }
}
