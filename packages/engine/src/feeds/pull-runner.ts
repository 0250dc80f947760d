import { Fault, type FeedId, asFault, isFault, toFaultRecord } from '@drover/model';
import { decideFault } from '../decide-fault.js';
import type { ConnectionVault } from '../ports/connection-vault.js';
import type { ClaimedPull, FeedLedger, PageRules } from '../ports/feed-ledger.js';
import type { PluginLibrary } from '../ports/plugin-library.js';
import type { InvocationResult, PluginRuntime, PluginTarget } from '../ports/plugin-runtime.js';
import { checkPage } from './check-page.js';

export interface PullPorts {
  feeds: FeedLedger;
  plugins: PluginLibrary;
  connections: ConnectionVault;
  runtime: PluginRuntime;
  now: () => Date;
  /** Told when a pull of the feed has ended, in whichever way. */
  onEnded?(id: FeedId): void;
}

/** A lease that this process holds: throws `LEASE_LOST` when it is over. */
export interface PullHold {
  signal: AbortSignal;
  check(): void;
}

const NO_FIGURES = { vendorCalls: 0, waitedMs: 0 };

/** Runs one claimed pull until it ends or pauses. A lost lease ends it without a trace in the store. */
export class PullRunner {
  readonly #ports: PullPorts;

  constructor(ports: PullPorts) {
    this.#ports = ports;
  }

  async run(pull: ClaimedPull, hold: PullHold): Promise<void> {
    await this.#run(pull, hold);
    this.#ports.onEnded?.(pull.feed.id);
  }

  async #run(pull: ClaimedPull, hold: PullHold): Promise<void> {
    try {
      const target = await this.#targetOf(pull);
      let hasKept = false;
      const onKept = () => (hasKept = true);
      const result = await this.#invoke(pull, { target, hold, onKept });
      await this.#keepLog(pull, result);
      await this.#settle(pull, { result, hasKept, maxWaitMs: target.manifest.limits.maxWaitMs, hold });
    } catch (thrown) {
      if (isFault(thrown) && thrown.code === 'LEASE_LOST') return;
      // The pull is taken up again when its lease has run out.
      if (isFault(thrown) && thrown.code === 'DATABASE_UNREACHABLE') throw thrown;
      const fault = toFaultRecord(asFault(thrown));
      await this.#ports.feeds
        .end(pull, { fault, figures: NO_FIGURES, now: this.#ports.now() })
        .catch(ignoreLostLease);
    }
  }

  async #targetOf({ feed }: ClaimedPull): Promise<PluginTarget> {
    const plugin = await this.#ports.plugins.find(feed.pluginId);
    if (plugin === undefined) {
      throw new Fault(
        'NOT_FOUND',
        `The plugin ${feed.pluginId} of the feed "${feed.name}" is not installed any more; install its bundle.`,
      );
    }
    const connection = await this.#ports.connections.find(feed.connectionId);
    if (connection === undefined) {
      throw new Fault(
        'NOT_FOUND',
        `The connection of the feed "${feed.name}" was removed; create the feed anew with another one.`,
      );
    }
    return { bundleDigest: plugin.bundleDigest, manifest: plugin.manifest, connection };
  }

  #invoke(
    pull: ClaimedPull,
    { target, hold, onKept }: { target: PluginTarget; hold: PullHold; onKept(): void },
  ): Promise<InvocationResult> {
    const { feed, trigger, attempt } = pull;
    const startedAt = pull.startedAt.toISOString();
    const { vendor, emits = [], mirror } = target.manifest;
    const modes: PageRules['modes'] = new Map(emits.map(({ name, mode }) => [name, mode]));
    return this.#ports.runtime.invoke(
      target,
      { config: feed.config, run: { id: pull.id, mode: 'apply', trigger, pass: WHOLE, startedAt, attempt } },
      {
        hook: 'pull',
        request: {
          ...(feed.checkpoint === undefined ? {} : { checkpoint: feed.checkpoint }),
          isFirst: feed.syncedAt === undefined,
          startedAt,
        },
        feed: { id: feed.id, name: feed.name },
      },
      {
        signal: hold.signal,
        beforeWrite: async () => {
          throw new Fault('WRITE_NOT_ALLOWED', 'A pull only reads.');
        },
        beforeRead: () => hold.check(),
        onPage: async (page) => {
          hold.signal.throwIfAborted();
          hold.check();
          const rules: PageRules = {
            source: vendor,
            modes,
            at: this.#ports.now(),
            ...(mirror && { mirror }),
          };
          await this.#ports.feeds.keepPage(pull, checkPage(page, target.manifest), rules);
          onKept();
        },
      },
    );
  }

  async #keepLog(pull: ClaimedPull, { figures }: InvocationResult): Promise<void> {
    if (figures.log.length > 0) {
      await this.#ports.feeds.appendLog(pull, figures.log, { now: this.#ports.now() });
    }
  }

  async #settle(
    pull: ClaimedPull,
    {
      result,
      hasKept,
      maxWaitMs,
      hold,
    }: {
      result: InvocationResult;
      hasKept: boolean;
      maxWaitMs: number | undefined;
      hold: PullHold;
    },
  ): Promise<void> {
    const { feeds } = this.#ports;
    const { vendorCalls, waitedMs } = result.figures;
    const figures = { vendorCalls, waitedMs };
    const now = this.#ports.now();
    if (result.ok) {
      await feeds.end(pull, { figures, now });
      return;
    }
    if (hold.signal.aborted) {
      if (isStop(hold.signal.reason)) await feeds.pause(pull, { now, dueAt: now, why: 'stopped', figures });
      return;
    }
    const { fault } = result;
    // A page that was kept starts the count of faults, and the wait for a rate limit, anew.
    const { tries, waitingSince }: Pick<ClaimedPull, 'tries' | 'waitingSince'> = hasKept
      ? { tries: 0 }
      : pull;
    const decision = decideFault(fault, {
      attempt: tries + 1,
      vendorWrites: 0,
      isCancelled: false,
      waitingSince,
      maxWaitMs,
      now,
    });
    if (decision.do !== 'postpone') await feeds.end(pull, { fault, figures, now });
    else {
      const why = decision.parkedAt !== undefined ? 'rate limit' : 'fault';
      await feeds.pause(pull, { now, dueAt: decision.dueAt, why, fault, figures });
    }
  }
}

/** A pull has no slices; hooks of feeds are not told of passes. */
const WHOLE = { isFirstSlice: true, isLastSlice: true, remaining: 0 };

/** Why pulls are cut off when the process stops in good order: they go on elsewhere. */
export function stopReason(): Fault {
  return new Fault('CANCELLED', 'The process stops; the pull goes on where the next one executes.');
}

function isStop(reason: unknown): boolean {
  return isFault(reason) && reason.code === 'CANCELLED';
}

function ignoreLostLease(thrown: unknown): void {
  if (!isFault(thrown) || thrown.code !== 'LEASE_LOST') throw thrown;
}
