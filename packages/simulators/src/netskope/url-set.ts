/**
 * The URLs of a list in their order, each once. Its JSON text grows with it, so that answering with the whole list,
 * as the vendor does after every edit, costs a copy of that text and no walk over the URLs.
 */
export class UrlSet {
  readonly #urls: Set<string>;
  #json: string;

  constructor(urls: Iterable<string> = []) {
    this.#urls = new Set();
    this.#json = '';
    this.addAll(urls);
  }

  get size(): number {
    return this.#urls.size;
  }

  /** How many of these are not in the set yet. */
  countNew(urls: Iterable<string>): number {
    return new Set(urls).difference(this.#urls).size;
  }

  addAll(urls: Iterable<string>): void {
    let added = '';
    for (const url of urls) {
      if (this.#urls.has(url)) continue;
      this.#urls.add(url);
      added += (this.#urls.size === 1 ? '' : ',') + JSON.stringify(url);
    }
    this.#json += added;
  }

  copy(): UrlSet {
    return new UrlSet(this.#urls);
  }

  toJsonText(): string {
    return `[${this.#json}]`;
  }

  toArray(): string[] {
    return [...this.#urls];
  }
}
