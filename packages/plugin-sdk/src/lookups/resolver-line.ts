import { type Fault, isFault } from '@drover/model';
import type { JsonValue } from '@drover/model';

/** A hook that asks, as far as look-ups go. */
export interface LookupHook {
  /** Whether it has ended or was told to stop: nothing can be asked on its behalf any more. */
  readonly isOver: boolean;
}

interface Waiter<Hook> {
  hook: Hook;
  resolve(value: JsonValue): void;
  reject(thrown: unknown): void;
}

interface OpenKey<Hook> {
  key: string;
  waiters: Waiter<Hook>[];
}

export interface LineOptions<Hook> {
  batch: number;
  /** Looks keys up on behalf of one hook, and answers for each of them. */
  load(keys: readonly string[], hook: Hook): Promise<ReadonlyMap<string, JsonValue>>;
  /** Most loads under way. */
  concurrency: number;
  /** How long a hook waits for a load that another hook makes, before it makes its own. Milliseconds. */
  patienceMs: number;
}

/** Faults that are about the hook that made the load, and say nothing to others who wait for its keys. */
const OF_ITS_HOOK: ReadonlySet<string> = new Set([
  'RATE_LIMITED',
  'VENDOR_DOWN',
  'LEASE_LOST',
  'CANCELLED',
  'PLUGIN_TIMEOUT',
]);

/**
 * The keys of one resolver that are being looked up. Asks of the same turn of the event loop share loads, a key under
 * way is not asked for twice, and a load whose hook ends is made again for those who still wait.
 */
export class ResolverLine<Hook extends LookupHook> {
  readonly #options: LineOptions<Hook>;
  readonly #open = new Map<string, OpenKey<Hook>>();
  /** Keys that no load has taken yet, in the order in which they were asked for. */
  readonly #queue = new Set<OpenKey<Hook>>();
  #loads = 0;
  #gathering = false;

  constructor(options: LineOptions<Hook>) {
    this.#options = options;
  }

  /** Whether nothing is asked for. */
  get isIdle(): boolean {
    return this.#open.size === 0 && this.#loads === 0;
  }

  ask(key: string, hook: Hook): Promise<JsonValue> {
    const { promise, resolve, reject } = Promise.withResolvers<JsonValue>();
    this.#wait(key, { hook, resolve, reject });
    return promise;
  }

  #wait(key: string, waiter: Waiter<Hook>): void {
    const open = this.#open.get(key);
    if (open !== undefined) {
      open.waiters.push(waiter);
      return;
    }
    const opened = { key, waiters: [waiter] };
    this.#open.set(key, opened);
    this.#queue.add(opened);
    if (this.#gathering) return;
    this.#gathering = true;
    setImmediate(() => {
      this.#gathering = false;
      this.#startLoads();
    });
  }

  #startLoads(): void {
    while (this.#loads < this.#options.concurrency) {
      const leader = this.#nextLeader();
      if (leader === undefined) return;
      void this.#load([...this.#queue].slice(0, this.#options.batch), leader);
    }
  }

  /** The first hook that still waits for the first key; keys that nobody waits for any more are let go. */
  #nextLeader(): Hook | undefined {
    for (const open of this.#queue) {
      const waiter = open.waiters.find(({ hook }) => !hook.isOver);
      if (waiter !== undefined) return waiter.hook;
      this.#queue.delete(open);
      this.#close(open);
    }
    return undefined;
  }

  async #load(opens: OpenKey<Hook>[], leader: Hook): Promise<void> {
    for (const open of opens) this.#queue.delete(open);
    this.#loads += 1;
    const impatience = setTimeout(() => this.#startOver(opens, leader), this.#options.patienceMs);
    try {
      const keys = opens.map(({ key }) => key);
      const found = await this.#options.load(keys, leader);
      for (const open of opens) {
        this.#close(open);
        for (const { resolve } of open.waiters) resolve(found.get(open.key)!);
      }
    } catch (thrown) {
      if (isOfHook(thrown, leader)) this.#startOver(opens, leader);
      for (const open of opens) {
        this.#close(open);
        for (const { reject } of open.waiters) reject(thrown);
      }
    }
    clearTimeout(impatience);
    this.#loads -= 1;
    this.#startLoads();
  }

  /** Others than the hook that leads get a load of their own. */
  #startOver(opens: readonly OpenKey<Hook>[], leader: Hook): void {
    for (const open of opens) {
      const others = open.waiters.filter(({ hook }) => hook !== leader);
      if (others.length === 0) continue;
      open.waiters = open.waiters.filter(({ hook }) => hook === leader);
      this.#close(open);
      for (const waiter of others) this.#wait(open.key, waiter);
    }
  }

  /** Another load may have taken the key over by now. */
  #close(open: OpenKey<Hook>): void {
    if (this.#open.get(open.key) === open) this.#open.delete(open.key);
  }
}

function isOfHook(thrown: unknown, hook: LookupHook): boolean {
  return hook.isOver || (isFault(thrown) && OF_ITS_HOOK.has((thrown as Fault).code));
}
