const MAX_TTL_MS = 24 * 3_600_000;
/** What an entry costs beside its text, so that many small ones cannot outgrow the limit. */
const ENTRY_BYTES = 100;

interface Entry {
  json: string;
  bytes: number;
  until: number;
}

/** Values of a plugin over one connection, as JSON. The least recently used leave first when it is full. */
export class PluginCache {
  readonly #maxBytes: number;
  // A Map keeps the order of insertion: the first key is the one used longest ago.
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(options: { maxBytes: number }) {
    this.#maxBytes = options.maxBytes;
  }

  /** A fresh copy of the value, or `undefined` when it is not there or too old. */
  get(key: string): unknown {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.delete(key);
    if (entry.until <= Date.now()) return undefined;
    this.#insert(key, entry);
    return JSON.parse(entry.json);
  }

  /** Keeps the value for `ttlMs` (at most 24 h). One that does not fit the whole cache is not kept. */
  set(key: string, value: unknown, options: { ttlMs: number }): void {
    this.delete(key);
    const json = JSON.stringify(value ?? null);
    const bytes = ENTRY_BYTES + Buffer.byteLength(json) + Buffer.byteLength(key);
    if (bytes > this.#maxBytes || !(options.ttlMs > 0)) return;
    this.#insert(key, { json, bytes, until: Date.now() + Math.min(options.ttlMs, MAX_TTL_MS) });
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }

  #insert(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
  }
}
