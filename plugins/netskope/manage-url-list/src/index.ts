import { type EntryResult, toListEntry } from '@drover-plugins/netskope-client';
import {
  defineAction,
  failed,
  type Outcome,
  type PluginObject,
  rejected,
  succeeded,
} from '@drover/plugin-sdk';
import { applyChanges, mayHaveWritten } from './apply-changes.js';
import { checkList } from './check-list.js';
import { type Fate, sendEntries } from './send-entries.js';
import { rememberSent } from './sent-sample.js';
import { clearsList, type Config, type Prepared } from './settings.js';
import { findTargetList } from './target-list.js';
import { testConnection } from './test-connection.js';

/** Writes host names and URLs into a Netskope URL list. */
export default defineAction<Config, Record<string, unknown>, Prepared>({
  testConnection,

  prepare: findTargetList,

  async execute(batch, context) {
    const { type } = context.prepared;
    const read = new Map(batch.objects.map((object) => [object.id, toListEntry(object.value, type)]));
    const entries = groupByEntry(read);
    const replaces = batch.isFirstOfPass && clearsList(context);
    const fates = await sendEntries(context, entries, { replaces });
    const landed = [...fates].flatMap(([entry, { kind }]) => (kind === 'landed' ? [entry] : []));
    await rememberSent(context, landed, { anew: replaces });
    const listName = context.config.urlListName;
    return batch.objects.map((object) => outcomeFor(object, { read, fates, listName }));
  },

  async finish(summary, context) {
    // A plan has put nothing into the list.
    if (context.run.mode === 'apply') await checkList(context, summary.counts);
    if (context.config.applyPendingChanges && mayHaveWritten(summary)) await applyChanges(context);
  },
});

const LIST_ATTRIBUTE = 'Netskope URL List';

/** Objects whose value makes the same entry are sent as one and share what becomes of it. */
function groupByEntry(read: ReadonlyMap<string, EntryResult>): Map<string, string[]> {
  const entries = new Map<string, string[]>();
  for (const [objectId, result] of read) {
    if (!result.ok) continue;
    const objectIds = entries.get(result.entry);
    if (objectIds === undefined) entries.set(result.entry, [objectId]);
    else objectIds.push(objectId);
  }
  return entries;
}

interface Answers {
  read: ReadonlyMap<string, EntryResult>;
  fates: ReadonlyMap<string, Fate>;
  listName: string;
}

function outcomeFor(object: PluginObject, { read, fates, listName }: Answers): Outcome {
  const result = read.get(object.id)!;
  if (!result.ok) {
    const message = `Netskope takes no such entry in a URL list. ${result.reason}`;
    return rejected(object, { code: 'URL_RULE_BROKEN', message });
  }
  const fate = fates.get(result.entry)!;
  switch (fate.kind) {
    case 'landed':
      return succeeded(object, { writeBack: { attributes: [{ name: LIST_ATTRIBUTE, value: listName }] } });
    case 'refused':
      return rejected(object, fate.reason);
    case 'failed':
      return failed(object, fate.reason);
  }
}
