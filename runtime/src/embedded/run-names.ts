import type { RunHold, RunView } from '@drover/engine';
import type { CollectionId, ConnectionId, Run } from '@drover/model';
import type { Parts } from '../composition/parts.js';

/** Puts the names of collections and connections beside their ids; a removed one keeps its id. */
export class RunNames {
  readonly #parts: Parts;
  readonly #names = new Map<CollectionId | ConnectionId, string>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async view(run: Run & { hold: RunHold }): Promise<RunView> {
    return {
      ...run,
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
