import type { PluginManifest } from '@drover/model';
import type { CheckedOutcome } from './balance-books.js';
import type { ClaimedTask, PlacedObject, Settlement } from './ports/run-ledger.js';

/** Whether the plugin makes calls that must not be repeated. */
export function sendsOnce(manifest: PluginManifest): boolean {
  return manifest.calls.some(({ delivery }) => delivery === 'once');
}

/** Whether the plugin makes calls that change something at the vendor. */
export function writes(manifest: PluginManifest): boolean {
  return manifest.calls.some(({ effect }) => effect !== 'read');
}

/** Checked outcomes as rows of the ledger, with what they set on their objects. */
export function toRows(
  outcomes: readonly CheckedOutcome[],
  manifest: PluginManifest,
  at: Date,
): Pick<Settlement, 'outcomes' | 'attributes' | 'statuses'> {
  const modes = new Map((manifest.emits ?? []).map(({ name, mode }) => [name, mode]));
  const rows: Pick<Settlement, 'outcomes' | 'attributes' | 'statuses'> = {
    outcomes: [],
    attributes: [],
    statuses: [],
  };
  for (const { placed, status, code, message, data, writeBack } of outcomes) {
    const { position, objectSeq } = placed;
    rows.outcomes.push({ position, objectSeq, status, code, message, data });
    for (const { name, value } of writeBack?.attributes ?? []) {
      rows.attributes.push({ objectSeq, name, value, mode: modes.get(name)!, source: manifest.vendor, at });
    }
    if (writeBack?.status !== undefined) {
      rows.statuses.push({ objectSeq, status: writeBack.status, source: manifest.vendor, at });
    }
  }
  return rows;
}

/** The revisions with which a step's objects were sent; nothing for what is of no step. */
export function sentRevisions(
  { run }: ClaimedTask,
  placed: readonly PlacedObject[],
): Pick<Settlement, 'sent'> {
  if (run.stepKey === undefined) return {};
  return {
    sent: new Map(
      placed.flatMap(({ object, objectSeq }) => (object === undefined ? [] : [[objectSeq, object.revision]])),
    ),
  };
}
