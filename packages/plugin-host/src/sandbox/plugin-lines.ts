import { CallSlots } from '../broker/call-slots.js';
import { BatchLine } from './batch-line.js';
import type { PluginPace } from './plugin-pace.js';

interface PluginLine {
  readonly line: BatchLine;
  readonly slots: CallSlots | undefined;
}

/** By plugin: its batches of `executeOne` over a connection, in whichever process they run, and what their calls share. */
export class PluginLines {
  readonly #lines = new Map<string, PluginLine>();

  /** The line of the plugin, if it has one. */
  find(plugin: string): BatchLine | undefined {
    return this.#lines.get(plugin)?.line;
  }

  open(plugin: string, pace: PluginPace): PluginLine {
    let opened = this.#lines.get(plugin);
    if (!opened) this.#lines.set(plugin, (opened = { line: new BatchLine(), slots: slotsFor(pace) }));
    return opened;
  }
}

/** Where nothing gets ready ahead, the plugin's side has no more calls than the vendor may see. */
function slotsFor({ atVendor, inHand }: PluginPace): CallSlots | undefined {
  return inHand > atVendor ? new CallSlots({ atVendor, ahead: inHand - atVendor }) : undefined;
}
