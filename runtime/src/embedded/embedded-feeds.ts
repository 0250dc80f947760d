import type {
  Feed,
  FeedRequest,
  FeedRequests,
  FeedSighting,
  FeedView,
  InstalledPlugin,
  MirrorConflict,
  MirrorOffer,
  MirrorReport,
  MirrorRequest,
  Pull,
  PullView,
  StoredCollection,
} from '@drover/engine';
import { Fault, isId, type Page, type PageRequest } from '@drover/model';
import type { Parts } from '../composition/parts.js';
import { checkedConfig } from './checked-request.js';
import { findConnection } from './embedded-connections.js';
import { checkedMirror, mirrorOut } from './feed-mirror.js';
import { findPlugin } from './embedded-plugins.js';
import { existing } from './not-found.js';
import { warmPlugin } from './warm-plugin.js';

const MINUTE_MS = 60_000;
const MAX_EVERY_MS = 30 * 24 * 60 * MINUTE_MS;
const DEFAULT_ABSENT_AFTER = 3;
const MAX_ABSENT_AFTER = 1_000;
const MAX_RETENTION_DAYS = 3_650;

export class EmbeddedFeeds implements FeedRequests {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async create(request: FeedRequest): Promise<FeedView> {
    const { absentAfter = DEFAULT_ABSENT_AFTER, retentionDays, everyMs } = request;
    checkInterval(everyMs);
    checkWhole('absentAfter', absentAfter, MAX_ABSENT_AFTER);
    if (retentionDays !== undefined) checkWhole('retentionDays', retentionDays, MAX_RETENTION_DAYS);
    const plugin = await this.#pluginOf(request.plugin);
    const connection = await findConnection(this.#parts, request.connection);
    if (connection.vendor !== plugin.manifest.vendor) {
      throw new Fault(
        'INVALID_ARGUMENT',
        `${plugin.pluginId} is of the vendor ${plugin.manifest.vendor}; the connection "${connection.name}" is of ${connection.vendor}.`,
        { path: '/connection' },
      );
    }
    const config = await checkedConfig(plugin, { ...plugin.defaults, ...request.config });
    const feeds = await this.#parts.feeds();
    if ((await feeds.find(request.name)) !== undefined) {
      // Before a collection is made for nothing.
      throw new Fault('FEED_EXISTS', `There is a feed "${request.name}" already; choose another name.`, {
        path: '/name',
      });
    }
    const mirror = await checkedMirror(this.#parts, plugin, { request: request.mirror ?? {} });
    const collection = await this.#listFor(request.collection ?? request.name);
    const feed = await feeds.create(
      {
        name: request.name,
        pluginId: plugin.pluginId,
        connectionId: connection.id,
        collectionId: collection.id,
        config,
        everyMs,
        absentAfter,
        ...(retentionDays === undefined ? {} : { retentionDays }),
        mirror: mirror.rules,
        mirrorConfig: mirror.config,
      },
      { now: new Date() },
    );
    return this.#view(feed);
  }

  async list(): Promise<FeedView[]> {
    const views: FeedView[] = [];
    for (const feed of await (await this.#parts.feeds()).list()) views.push(await this.#view(feed));
    return views;
  }

  async show(ref: string): Promise<FeedView> {
    return this.#view(await this.#find(ref));
  }

  async run(ref: string, options: { restart?: boolean } = {}): Promise<PullView> {
    const feed = await this.#find(ref);
    const { bundleDigest } = await this.#pluginOf(feed.pluginId);
    await warmPlugin(this.#parts, { bundleDigest, connectionId: feed.connectionId });
    const engine = await this.#parts.engine();
    const pullId = await engine.requestPull(feed, options);
    await engine.start({ asReserve: true });
    return this.pull(pullId);
  }

  async *watch(pullId: string, options: { signal?: AbortSignal } = {}): AsyncGenerator<FeedSighting> {
    const { id } = await this.pull(pullId);
    yield* (await this.#parts.engine()).watchPull(id, options);
  }

  async pull(ref: string): Promise<PullView> {
    const feeds = await this.#parts.feeds();
    const pull = isId('pull', ref) ? await feeds.pull(ref, { now: new Date() }) : undefined;
    const found = existing(pull, { noun: 'pull', ref });
    const feed = await feeds.find(found.feedId);
    return { ...found, feed: feed?.name ?? found.feedId, reasons: await feeds.reasons(found.id) };
  }

  async pulls(ref: string, page: PageRequest = {}): Promise<Page<Pull>> {
    const { id } = await this.#find(ref);
    return (await this.#parts.feeds()).pulls(id, { ...page, now: new Date() });
  }

  pause(ref: string): Promise<FeedView> {
    return this.#setStatus(ref, 'paused');
  }

  resume(ref: string): Promise<FeedView> {
    return this.#setStatus(ref, 'enabled');
  }

  async setMirror(ref: string, request: MirrorRequest): Promise<FeedView> {
    const feed = await this.#find(ref);
    const plugin = await this.#pluginOf(feed.pluginId);
    const settings = await checkedMirror(this.#parts, plugin, { request, before: feed });
    await (await this.#parts.feeds()).setMirror(feed.id, settings);
    return this.show(feed.id);
  }

  async mirrorOut(ref: string, options: { signal?: AbortSignal } = {}): Promise<MirrorReport> {
    return mirrorOut(this.#parts, await this.#find(ref), options);
  }

  async mirrorOffers(ref: string, page: PageRequest = {}): Promise<Page<MirrorOffer>> {
    const { id } = await this.#find(ref);
    return (await this.#parts.mirrors()).offers(id, page);
  }

  async mirrorConflicts(ref: string, page: PageRequest = {}): Promise<Page<MirrorConflict>> {
    const { id } = await this.#find(ref);
    return (await this.#parts.mirrors()).conflicts(id, page);
  }

  async remove(ref: string): Promise<void> {
    const { id } = await this.#find(ref);
    await (await this.#parts.feeds()).remove(id, { now: new Date() });
  }

  async #setStatus(ref: string, status: Feed['status']): Promise<FeedView> {
    const { id } = await this.#find(ref);
    await (await this.#parts.feeds()).setStatus(id, status);
    return this.show(id);
  }

  async #find(ref: string): Promise<Feed> {
    const feeds = await this.#parts.feeds();
    const found = await feeds.find(ref);
    const known = found === undefined ? (await feeds.list()).map(({ name }) => name) : [];
    return existing(found, { noun: 'feed', ref, known });
  }

  async #pluginOf(ref: string): Promise<InstalledPlugin> {
    const plugin = await findPlugin(this.#parts, ref, 'plugin');
    const { kind } = plugin.manifest;
    if (kind === 'feed') return plugin;
    const instead =
      kind === 'action'
        ? `; run it over a collection with: drover action run ${ref} --collection NAME --connection NAME`
        : '';
    throw new Fault('INVALID_ARGUMENT', `${plugin.pluginId} is of kind ${kind}, not a feed${instead}.`, {
      path: '/plugin',
    });
  }

  /** The fixed list of this name, made when there is none. */
  async #listFor(name: string): Promise<StoredCollection> {
    const collections = await this.#parts.collections();
    return (await collections.find(name)) ?? collections.create({ name, kind: 'fixed' });
  }

  async #view(feed: Feed): Promise<FeedView> {
    const feeds = await this.#parts.feeds();
    const connection = await (await this.#parts.connections()).find(feed.connectionId);
    const collection = await (await this.#parts.collections()).find(feed.collectionId);
    const can = (await (await this.#parts.plugins()).find(feed.pluginId))?.manifest.mirror;
    const figures = can && (await (await this.#parts.mirrors()).figures(feed.id));
    const [lastPull] = (await feeds.pulls(feed.id, { limit: 1, now: new Date() })).data;
    return {
      ...feed,
      connection: connection?.name ?? feed.connectionId,
      collection: collection?.name ?? feed.collectionId,
      ...(lastPull === undefined ? {} : { lastPull }),
      ...(can === undefined ? {} : { mirrored: { ...figures!, can } }),
    };
  }
}

function checkInterval(everyMs: number): void {
  const fits = Number.isInteger(everyMs / MINUTE_MS) && everyMs >= MINUTE_MS && everyMs <= MAX_EVERY_MS;
  if (fits) return;
  throw new Fault(
    'INVALID_ARGUMENT',
    'A feed’s interval is whole minutes or hours, from 1 minute to 30 days, such as 15m or 6h.',
    { path: '/every' },
  );
}

function checkWhole(name: string, n: number, max: number): void {
  if (Number.isInteger(n) && n >= 1 && n <= max) return;
  throw new Fault('INVALID_ARGUMENT', `${name} is a whole number from 1 to ${max}.`, { path: `/${name}` });
}
