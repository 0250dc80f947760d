import type { ClaimedTask, RunLedger } from './ports/run-ledger.js';

/** Keeps what a plugin did against its contract in the log of the run. */
export async function reportBreaches(
  ledger: RunLedger,
  task: ClaimedTask,
  breaches: readonly string[],
): Promise<void> {
  if (breaches.length === 0) return;
  const fields = { code: 'PLUGIN_CONTRACT' };
  await ledger.appendLog(
    task,
    breaches.map((message) => ({ level: 'warn' as const, message, fields })),
  );
}
