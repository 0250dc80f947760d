import type { PluginTarget } from '@drover/engine';
import type { Parts } from '../composition/parts.js';
import { executorHolders } from '../composition/executor-holder.js';

/**
 * Has the plugin's process start while its run is being made. Only where this process is to execute it: elsewhere it would
 * stand about. What goes wrong is for the run to tell.
 */
export async function warmPlugin(
  parts: Parts,
  { bundleDigest, connectionId }: { bundleDigest: string; connectionId: PluginTarget['connection']['id'] },
): Promise<void> {
  try {
    if ((await executorHolders(parts)).length > 0) return;
    const runtime = await parts.pluginRuntime();
    await runtime.warm({ bundleDigest, connection: { id: connectionId } });
  } catch {
    // The hook that comes meets it as well, and its run has a place for it.
  }
}
