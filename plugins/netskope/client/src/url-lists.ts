import type { Access } from './access.js';
import type { ListType } from './list-entry.js';
import { type Netskope, parsedIfText, unreadable } from './netskope.js';
import { readRefusal, type Refusal } from './refusals.js';

// Calls: `readUrlLists`, `readUrlList`, `appendUrls`, `replaceUrls`, `deployUrlLists`, `probeUrlLists`.

/** A URL list without its URLs. */
export interface UrlListHead {
  id: number;
  name: string;
  /** An edit waits for somebody to apply it. */
  isPending: boolean;
  /** Deleted, though it is still shown until that is applied. */
  isDeleted: boolean;
}

export interface UrlList extends UrlListHead {
  type: ListType;
  /** As last edited, applied or not. Absent when the answer did not show them. */
  urls?: readonly string[];
}

export interface ListEdit {
  listId: number;
  /** The list's own type; another one is refused. */
  type: ListType;
  entries: readonly string[];
  /** Ids of the objects that the entries stand for. */
  covers: readonly string[];
}

/** What became of an edit: all of it, or nothing. An answer that cannot be read is a retryable `VENDOR_ANSWER_INVALID`. */
export type EditReply = { isEdited: true; list: UrlList } | ({ isEdited: false } & Refusal);

const HEAD_FIELDS = 'id,name,modify_type,pending';

/**
 * All lists of the tenant, each as last edited: without the `pending` filter, so that a list that was never applied is
 * found as well. Their URLs are left out; they could be hundreds of thousands.
 */
export async function readUrlLists(netskope: Netskope): Promise<UrlListHead[]> {
  const reply = await netskope.call('readUrlLists', { query: { field: HEAD_FIELDS } });
  return headsOf(reply.body) ?? unreadable('a list of URL lists');
}

/** One list with its URLs, as last edited. Fault `VENDOR_REFUSED` (404) when it is gone. */
export async function readUrlList(netskope: Netskope, listId: number): Promise<UrlList> {
  const reply = await netskope.call('readUrlList', { params: { listId } });
  return listOf(reply.body) ?? unreadable(`the URL list ${listId}`);
}

/** Adds entries to those that the list holds. The change is pending until it is deployed. */
export function appendUrls(netskope: Netskope, edit: ListEdit): Promise<EditReply> {
  return editList(netskope, 'appendUrls', edit);
}

/** Puts the entries in the place of those that the list holds. At least one is needed: no list may be empty. */
export function replaceUrls(netskope: Netskope, edit: ListEdit): Promise<EditReply> {
  return editList(netskope, 'replaceUrls', edit);
}

/** Applies the pending changes of ALL lists of the tenant. Returns the lists that the answer names as applied. */
export async function deployUrlLists(netskope: Netskope): Promise<UrlListHead[]> {
  const reply = await netskope.call('deployUrlLists');
  return (headsOf(reply.body) ?? []).filter((list) => !list.isPending);
}

/** Asks for the lists only to hear whether the token may. Fault `CREDENTIALS_REFUSED` when it is not accepted at all. */
export async function probeUrlLists(netskope: Netskope): Promise<Access> {
  const reply = await netskope.call('probeUrlLists', { query: { field: 'id' } });
  if (reply.status === 403) return 'no privilege';
  return reply.status === 404 || !Array.isArray(parsedIfText(reply.body)) ? 'no such API' : 'granted';
}

async function editList(
  netskope: Netskope,
  call: 'appendUrls' | 'replaceUrls',
  { listId, type, entries, covers }: ListEdit,
): Promise<EditReply> {
  const json = { data: { type, urls: entries } };
  const reply = await netskope.call(call, { params: { listId }, json, covers });
  if (reply.status === 400) return { isEdited: false, ...readRefusal(reply.body) };
  return {
    isEdited: true,
    list: listOf(reply.body) ?? unreadable(`the edited URL list ${listId}`, { retryable: true }),
  };
}

function headsOf(body: unknown): UrlListHead[] | undefined {
  const lists = parsedIfText(body);
  if (!Array.isArray(lists)) return undefined;
  const heads = lists.map(headOf);
  return heads.every((head) => head !== undefined) ? heads : undefined;
}

function headOf(list: unknown): UrlListHead | undefined {
  if (typeof list !== 'object' || list === null) return undefined;
  const { id, name, pending, modify_type: modifyType } = list as Record<string, unknown>;
  if (typeof id !== 'number' || typeof name !== 'string') return undefined;
  return { id, name, isPending: pending === 1, isDeleted: modifyType === 'Deleted' };
}

function listOf(body: unknown): UrlList | undefined {
  const list = parsedIfText(body);
  const head = headOf(list);
  if (head === undefined) return undefined;
  const { type, urls } = ((list as Record<string, unknown>)['data'] ?? {}) as Record<string, unknown>;
  if (type !== 'exact' && type !== 'regex') return undefined;
  return { ...head, type, ...(isTexts(urls) ? { urls } : {}) };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
