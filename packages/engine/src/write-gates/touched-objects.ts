import type { WriteGate } from './write-gate.js';

/** Which objects of a hook a repeatable write may have touched, by what the plugin says its calls cover. */
export class TouchedObjects {
  readonly #ids = new Set<string>();
  #all = false;

  gate(next: WriteGate): WriteGate {
    return async (write) => {
      const verdict = await next(write);
      if (write.call.delivery === 'once') return verdict;
      if (write.covers === undefined) this.#all = true;
      else for (const id of write.covers) this.#ids.add(id);
      return verdict;
    };
  }

  has(objectId: string): boolean {
    return this.#all || this.#ids.has(objectId);
  }
}
