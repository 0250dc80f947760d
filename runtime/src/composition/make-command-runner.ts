import { CommandRunner } from '@drover/engine';
import type { Parts } from './parts.js';
import { isKnownDead, ownIdentity } from './process-identity.js';

/** What runs commands in this process. The plugin runtime is made when a command first needs it. */
export async function makeCommandRunner(parts: Parts): Promise<CommandRunner> {
  return new CommandRunner({
    ledger: await parts.commandLedger(),
    runtime: () => parts.pluginRuntime(),
    self: ownIdentity(),
    isDead: isKnownDead,
    // A command has one try and nobody waits for its place.
    leaseMs: 2 * parts.surroundings.settings.leaseSeconds * 1_000,
  });
}
