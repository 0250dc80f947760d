import type { PendingObject, PluginManifest, PluginObject } from '@drover/model';
import type { Script, ScriptCall } from './scripted-runtime.js';

/** Polls after which the vendor has finished an object; `never` works on for ever. */
export type Work = number | 'never';

export const POLL_MANIFEST = {
  limits: {
    objectsPerRun: { default: 100, max: 1_000 },
    batch: { objects: 4 },
    concurrency: 2,
    maxPollMs: 3_600_000,
  },
} satisfies Partial<PluginManifest>;

/** A vendor that takes an order for each object at once and finishes it later. */
export class SlowVendor {
  /** Orders taken, by object value. */
  readonly orders = new Map<string, number>();
  /** Polls answered, by object value. */
  readonly polls = new Map<string, number>();
  /** While true, nothing is finished. */
  isHeld = false;
  readonly #workOf: (value: string) => Work;

  /** With 0, the order is done when it is taken and needs no poll. */
  constructor(workOf: (value: string) => Work = () => 1) {
    this.#workOf = workOf;
  }

  /** An action that orders a batch and polls what is not finished, a second later and from then on. */
  readonly script: Script = {
    execute: (objects, call) => this.order(objects, call),
    poll: (pending) => this.poll(pending),
  };

  async order(objects: readonly PluginObject[], { write }: Pick<ScriptCall, 'write'>): Promise<unknown[]> {
    await write({ covers: objects.map(({ id }) => id) });
    return objects.map((object) => {
      this.orders.set(object.value, (this.orders.get(object.value) ?? 0) + 1);
      if (this.#workOf(object.value) === 0) return { objectId: object.id, status: 'succeeded' };
      return pendingOf(object, { order: object.value, seen: 0 }, this.#pauseOf(object.value));
    });
  }

  poll(pending: readonly PendingObject[]): unknown[] {
    return pending.map(({ object, token, polls }) => {
      const { order, seen } = token as { order: string; seen: number };
      this.polls.set(order, (this.polls.get(order) ?? 0) + 1);
      if (order !== object.value || seen !== polls)
        throw new Error(`a wrong token came back for ${object.value}`);
      const work = this.#workOf(object.value);
      if (this.isHeld || work === 'never' || seen + 1 < work)
        return pendingOf(object, { order, seen: seen + 1 }, this.#pauseOf(order));
      const writeBack = { attributes: [{ name: 'Tag', value: 'done' }] };
      return { objectId: object.id, status: 'succeeded', writeBack };
    });
  }

  /** What takes long is asked about less often, so that a run can be seen waiting. */
  #pauseOf(value: string): number {
    return this.isHeld || this.#workOf(value) === 'never' ? 60_000 : 1_000;
  }
}

/** `pending` as the SDK makes it. */
export function pendingOf(
  { id, value }: PluginObject,
  token: unknown = value,
  pollAfterMs = 1_000,
): Record<string, unknown> {
  return { objectId: id, status: 'pending', token, pollAfterMs, data: { order: value } };
}
