import { Fault, type FeedId, type RunId, asFault, toFaultRecord } from '@drover/model';
import type { ConnectionVault } from '../ports/connection-vault.js';
import type { Doorbell } from '../ports/doorbell.js';
import type { Feed, FeedLedger, ScheduleSource } from '../ports/feed-ledger.js';
import type { MirrorLedger, MirrorSend } from '../ports/mirror-ledger.js';
import type { InstalledPlugin, PluginLibrary } from '../ports/plugin-library.js';
import type { RunLedger } from '../ports/run-ledger.js';
import { submitRun } from '../submit-run.js';

export interface MirrorOutPorts {
  mirrors: MirrorLedger;
  feeds: FeedLedger;
  plugins: PluginLibrary;
  connections: ConnectionVault;
  ledger: RunLedger;
  doorbell: Doorbell;
}

/** Objects of one send at most, so that opening and settling it stay short. The rest follows. */
const MOST_OFFERED = 1_000;
/** How often the objects of a feed are looked through for changes without being asked to. */
const LOOK_MS = 5_000;

/**
 * Sends what was changed here to vendors: an ordinary run over exactly the changed objects, one at a time for each feed. All
 * that it goes by is in the store, so that any process may take the next step at any time.
 */
export class MirrorOut implements ScheduleSource {
  readonly #ports: MirrorOutPorts;
  readonly #lookedAt = new Map<FeedId, number>();

  constructor(ports: MirrorOutPorts) {
    this.#ports = ports;
  }

  async fireDue({ now }: { now: Date }): Promise<number> {
    let fired = 0;
    for (const id of await this.#ports.mirrors.sendingFeeds()) {
      if (now.getTime() - (this.#lookedAt.get(id) ?? -Infinity) < LOOK_MS) continue;
      if ((await this.#tick(id, now)) !== undefined) fired += 1;
      this.#lookedAt.set(id, now.getTime());
    }
    return fired;
  }

  /** Of a paused feed nothing new is sent; what was sent is settled. */
  async #tick(id: FeedId, now: Date): Promise<RunId | undefined> {
    const feed = await this.#ports.feeds.find(id);
    if (feed?.status !== 'paused') return this.advance(id, { now });
    await this.#ports.mirrors.settleSend(id, { now });
    return undefined;
  }

  /** A pull of the feed has ended: what was changed may be sent at the next tick. */
  expect(id: FeedId): void {
    this.#lookedAt.delete(id);
  }

  /**
   * Takes the feed's next step: settles a send whose run has ended, and makes the run of the next one. Returns the run that
   * it made. What keeps a run from being made is told with the objects.
   */
  async advance(id: FeedId, { now }: { now: Date }): Promise<RunId | undefined> {
    const feed = await this.#ports.feeds.find(id);
    if (feed === undefined) return undefined;
    const send = (await this.#ports.mirrors.settleSend(id, { now })) ?? (await this.#begin(feed, now));
    if (send === undefined || send.runId !== undefined) return undefined;
    try {
      return await this.#submit(feed, send);
    } catch (thrown) {
      const fault = asFault(thrown);
      // Another process was quicker.
      if (fault.code === 'RUN_IN_PROGRESS') return undefined;
      const { code, message } = toFaultRecord(fault);
      await this.#ports.mirrors.failSend(id, { begunAt: send.begunAt, code, message, now });
      return undefined;
    }
  }

  async #begin(feed: Feed, now: Date): Promise<MirrorSend | undefined> {
    const plugin = await this.#ports.plugins.find(feed.pluginId);
    const { out, action } = plugin?.manifest.mirror ?? {};
    if (plugin === undefined || out === undefined || action === undefined) return undefined;
    const sender = await this.#ports.plugins.find(action);
    const objects = Math.min(sender?.manifest.limits.objectsPerRun.default ?? MOST_OFFERED, MOST_OFFERED);
    return this.#ports.mirrors.beginSend(feed.id, {
      fields: out,
      source: plugin.manifest.vendor,
      objects,
      now,
    });
  }

  async #submit(feed: Feed, { collection, begunAt }: MirrorSend): Promise<RunId> {
    const plugin = await this.#senderOf(feed);
    const connection = await this.#ports.connections.find(feed.connectionId);
    if (connection === undefined) {
      throw new Fault('NOT_FOUND', `The connection of the feed "${feed.name}" was removed.`);
    }
    const { runId } = await submitRun(this.#ports, {
      plugin,
      connection,
      collection,
      config: feed.mirrorConfig,
      trigger: 'event',
      sendOf: { feedId: feed.id, begunAt },
    });
    await this.#ports.doorbell.ring();
    return runId!;
  }

  async #senderOf(feed: Feed): Promise<InstalledPlugin> {
    const plugin = await this.#ports.plugins.find(feed.pluginId);
    const action = plugin?.manifest.mirror?.action;
    const sender = action === undefined ? undefined : await this.#ports.plugins.find(action);
    if (sender !== undefined) return sender;
    throw new Fault(
      'NOT_FOUND',
      `The action ${action ?? ''} that sends the changes of the feed "${feed.name}" is not installed; install its bundle.`,
    );
  }
}
