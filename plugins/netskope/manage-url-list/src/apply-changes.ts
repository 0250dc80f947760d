import { deployUrlLists, readUrlLists } from '@drover-plugins/netskope-client';
import { Fault, isFault, type OutcomeCounts } from '@drover/plugin-sdk';
import type { RunContext } from './settings.js';

/** Faults of the vendor's side; others (a limit, a cancel) are for the host to deal with. */
const VENDOR_SIDE = new Set([
  'CREDENTIALS_REFUSED',
  'VENDOR_REFUSED',
  'VENDOR_UNAVAILABLE',
  'VENDOR_UNREACHABLE',
  'VENDOR_TIMEOUT',
  'REDIRECT_REFUSED',
]);

/**
 * Whether something of this run may wait to be applied. Without that nothing must be applied: it would be other people's
 * changes only.
 */
export function mayHaveWritten(summary: { counts: OutcomeCounts; vendorWrites: number }): boolean {
  const { succeeded, failed, unknown } = summary.counts;
  return summary.vendorWrites > 0 && succeeded + failed + unknown > 0;
}

/** Applies the pending changes of all lists. Fault `URL_LIST_NOT_DEPLOYED`: the list is written, but not in force. */
export async function applyChanges(context: RunContext): Promise<void> {
  const applied = await deployUrlLists(context).catch((thrown: unknown) => {
    // The answer holds all lists that were applied, with their URLs; that it is too large says nothing about the call.
    if (isFault(thrown) && thrown.code === 'RESPONSE_TOO_LARGE') return [];
    if (!isFault(thrown) || !VENDOR_SIDE.has(thrown.code)) throw thrown;
    throw notDeployed(context, thrown.message, thrown);
  });
  if (applied.some((list) => list.id === context.prepared.listId)) return;
  const lists = await readUrlLists(context);
  if (lists.some((list) => list.id === context.prepared.listId && list.isPending)) {
    throw notDeployed(context, 'Netskope took the call, but shows the list as pending still.');
  }
}

function notDeployed({ config }: RunContext, reason: string, cause?: Fault): Fault {
  return new Fault(
    'URL_LIST_NOT_DEPLOYED',
    `The URL list "${config.urlListName}" is written but not in force, since its pending changes could not be applied. ${reason} Apply them in Netskope's console.`,
    {
      ...(cause === undefined ? {} : { cause, retryable: cause.retryable }),
      ...(cause?.retryAfterMs === undefined ? {} : { retryAfterMs: cause.retryAfterMs }),
    },
  );
}
