import type { QuarantineEntry, QuarantineRequests } from '@drover/engine';
import type { Page, PageRequest } from '@drover/model';
import type { Parts } from '../composition/parts.js';
import { findPlugin } from './embedded-plugins.js';
import { existing } from './not-found.js';
import { pagesOf } from './pages.js';

export class EmbeddedQuarantine implements QuarantineRequests {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async list({ plugin, ...page }: PageRequest & { plugin?: string } = {}): Promise<Page<QuarantineEntry>> {
    const pluginId =
      plugin === undefined ? undefined : (await findPlugin(this.#parts, plugin, 'plugin')).pluginId;
    return (await this.#parts.quarantine()).list({ ...page, pluginId });
  }

  async show(ref: string): Promise<QuarantineEntry> {
    return existing(await (await this.#parts.quarantine()).find(ref), { noun: 'quarantine', ref });
  }

  async redrive(request: { refs: readonly string[] } | { plugin: string }): Promise<number> {
    const quarantine = await this.#parts.quarantine();
    if ('refs' in request) {
      const entries = await Promise.all(request.refs.map((ref) => this.show(ref)));
      return quarantine.redrive(entries.map(({ id }) => id));
    }
    const ids: string[] = [];
    const { plugin } = request;
    for await (const page of pagesOf((paging) => this.list({ ...paging, plugin }))) {
      ids.push(...page.map(({ id }) => id));
    }
    return quarantine.redrive(ids);
  }
}
