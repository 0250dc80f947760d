import type { RunHold, RunView } from '@drover/engine';
import { type CollectionId, type ConnectionId, hasEnded, type Run } from '@drover/model';
import { executorHolders } from '../composition/executor-holder.js';
import type { Parts } from '../composition/parts.js';

/** Runs as people see them: with the names of collections and connections (a removed one keeps its id) and who is at it. */
export class RunNames {
  readonly #parts: Parts;
  readonly #names = new Map<CollectionId | ConnectionId, string>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async view(run: Run & { hold: RunHold }): Promise<RunView> {
    const isBegun = run.status !== 'queued' && !hasEnded(run.status);
    return {
      ...run,
      isInterrupted: isBegun && (await executorHolders(this.#parts)).length === 0,
      collection: await this.#nameOf(run.collectionId, async (id) =>
        (await this.#parts.collections()).find(id),
      ),
      connection: await this.#nameOf(run.connectionId, async (id) =>
        (await this.#parts.connections()).find(id),
      ),
    };
  }

  async #nameOf(
    id: CollectionId | ConnectionId,
    find: (id: string) => Promise<{ name: string } | undefined>,
  ): Promise<string> {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const name = (await find(id))?.name ?? id;
    this.#names.set(id, name);
    return name;
  }
}
