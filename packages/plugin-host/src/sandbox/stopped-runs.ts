import type { FaultRecord } from '@drover/model';

/** Most runs that are remembered. A batch comes late by the time of a claim, in which no process stops as many runs. */
const MAX_RUNS = 100;

/** The runs that a fault has stopped, and which: the store knows it with the settlement of the batch that met it, and has given out batches until then. */
export class StoppedRuns {
  readonly #faults = new Map<string, FaultRecord>();

  /** The first fault of a run counts. */
  add(runId: string, fault: FaultRecord): void {
    if (this.#faults.has(runId)) return;
    this.#faults.set(runId, fault);
    const [oldest] = this.#faults.keys();
    if (this.#faults.size > MAX_RUNS) this.#faults.delete(oldest!);
  }

  faultOf(runId: string): FaultRecord | undefined {
    return this.#faults.get(runId);
  }
}
