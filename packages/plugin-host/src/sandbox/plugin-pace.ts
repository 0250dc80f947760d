import { sendsOnce } from '@drover/engine';
import type { PluginManifest } from '@drover/model';

/** Most objects that wait in the plugin for their calls, beside those whose calls are at the vendor. */
const MOST_AHEAD = 32;

/** How much of a plugin is under way at a time. */
export interface PluginPace {
  /** Objects in the hands of `executeOne`. */
  inHand: number;
  /** Calls at the vendor: what the manifest allows. */
  atVendor: number;
}

/**
 * The manifest's concurrency is what the vendor sees. Where calls must not be repeated, each waits for the disk before it
 * leaves: the plugin gets some objects more, so that the vendor does not wait with it. A concurrency of 1 stays one
 * object after the other, which a plugin may build on.
 */
export function paceOf(manifest: PluginManifest): PluginPace {
  const atVendor = manifest.limits.concurrency ?? 1;
  const ahead = atVendor > 1 && sendsOnce(manifest) ? Math.min(atVendor, MOST_AHEAD) : 0;
  return { inHand: atVendor + ahead, atVendor };
}
