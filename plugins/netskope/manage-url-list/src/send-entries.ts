import {
  appendUrls,
  type EditReply,
  missingEntries,
  replaceUrls,
  toListEntry,
} from '@drover-plugins/netskope-client';
import { Fault, type OutcomeReason } from '@drover/plugin-sdk';
import type { RunContext } from './settings.js';

/** What became of one entry, for all objects that share it. */
export type Fate = { kind: 'landed' } | { kind: 'refused' | 'failed'; reason: OutcomeReason };

/** Entries with the ids of the objects that they stand for. */
export type ObjectsByEntry = ReadonlyMap<string, readonly string[]>;

interface SendOptions {
  /** Puts the entries in the place of what the list holds, instead of adding them. Without entries nothing is cleared. */
  replaces: boolean;
}

/**
 * Sends the entries in one call. Netskope takes all of them or none: when it refuses some, the others are sent once more.
 * Fault `URL_LIST_CALL_REFUSED` when it refuses the call without naming an entry.
 */
export async function sendEntries(
  context: RunContext,
  entries: ObjectsByEntry,
  options: SendOptions,
): Promise<Map<string, Fate>> {
  const fates = new Map<string, Fate>();
  if (entries.size === 0) return fates;
  const first = await edit(context, entries, options);
  if (first.isEdited) return noteLanded(fates, { entries, reply: first });

  const others = noteRefused(fates, { entries, reply: first });
  if (others.size === entries.size)
    throw callRefused(first.message || [...first.refusedUrls.keys()].join(', '));
  if (others.size === 0) return fates;

  const second = await edit(context, others, options);
  if (second.isEdited) return noteLanded(fates, { entries: others, reply: second });
  const unsent = noteRefused(fates, { entries: others, reply: second });
  for (const entry of unsent.keys())
    fates.set(entry, { kind: 'failed', reason: refusedTwice(second.message) });
  return fates;
}

function edit(context: RunContext, entries: ObjectsByEntry, { replaces }: SendOptions): Promise<EditReply> {
  const send = replaces ? replaceUrls : appendUrls;
  return send(context, {
    ...context.prepared,
    entries: [...entries.keys()],
    covers: [...entries.values()].flat(),
  });
}

/** What the answer does not hold has not landed, whatever its status says. */
function noteLanded(
  fates: Map<string, Fate>,
  { entries, reply }: { entries: ObjectsByEntry; reply: Extract<EditReply, { isEdited: true }> },
): Map<string, Fate> {
  for (const entry of entries.keys()) fates.set(entry, { kind: 'landed' });
  const missing = reply.list.urls === undefined ? [] : missingEntries(entries.keys(), reply.list.urls);
  for (const entry of missing) fates.set(entry, { kind: 'failed', reason: NOT_IN_LIST });
  return fates;
}

/** Notes the entries that a refusal names; the others come back. */
function noteRefused(
  fates: Map<string, Fate>,
  { entries, reply }: { entries: ObjectsByEntry; reply: Extract<EditReply, { isEdited: false }> },
): Map<string, readonly string[]> {
  const others = new Map(entries);
  for (const [url, reason] of reply.refusedUrls) {
    const read = toListEntry(url);
    const entry = entries.has(url) || !read.ok ? url : read.entry;
    if (!others.delete(entry)) continue;
    const message = `Netskope refused it: ${reason || 'no reason given'}.`;
    fates.set(entry, { kind: 'refused', reason: { code: 'URL_REFUSED', message } });
  }
  return others;
}

const NOT_IN_LIST: OutcomeReason = {
  code: 'URL_NOT_IN_LIST',
  message:
    'Netskope took the call, but its answer does not show this entry in the list; run the action again.',
};

function callRefused(words: string): Fault {
  return new Fault(
    'URL_LIST_CALL_REFUSED',
    `Netskope refused the whole call: ${words || 'no reason given'}. Nothing of the batch was written.`,
  );
}

function refusedTwice(words: string): OutcomeReason {
  return {
    code: 'URL_LIST_CALL_REFUSED',
    message: `Netskope refused the call again${words ? ` (${words})` : ', for other entries'}; this one was not written.`,
  };
}
