import { Fault, type RunId } from '@drover/model';
import type { Connection } from './ports/connection-vault.js';
import type { PluginVersion } from './ports/plugin-library.js';
import type { ClaimedRun } from './ports/run-ledger.js';
import type { TaskPorts } from './task-ports.js';

/** What a run goes against. */
export interface RunTarget {
  /** In the version that the run began with. */
  plugin: PluginVersion;
  connection: Connection;
}

/** An edit of a connection reaches the batches of a run that is under way no later than this. */
const LOOK_AGAIN_MS = 1_000;

/** Plugins and connections of the runs that are under way here, read once a second and not for each batch. */
export class RunTargets {
  readonly #ports: Pick<TaskPorts, 'plugins' | 'connections'>;
  readonly #now: () => number;
  readonly #known = new Map<RunId, { target: Promise<RunTarget | Fault>; readAt: number }>();

  constructor(
    ports: Pick<TaskPorts, 'plugins' | 'connections'>,
    options: { /** On a monotonic clock. */ now?: () => number } = {},
  ) {
    this.#ports = ports;
    this.#now = options.now ?? (() => performance.now());
  }

  /** The fault is one of the whole run. */
  of(run: ClaimedRun): Promise<RunTarget | Fault> {
    const now = this.#now();
    const known = this.#known.get(run.id);
    if (known !== undefined && now - known.readAt < LOOK_AGAIN_MS) return known.target;
    for (const [id, { readAt }] of this.#known) if (now - readAt >= LOOK_AGAIN_MS) this.#known.delete(id);
    const target = this.#read(run);
    target.catch(() => this.#known.delete(run.id));
    this.#known.set(run.id, { target, readAt: now });
    return target;
  }

  async #read(run: ClaimedRun): Promise<RunTarget | Fault> {
    const plugin = await this.#ports.plugins.findVersion(run.pluginId, run.bundleDigest);
    if (plugin === undefined) {
      return new Fault('NOT_FOUND', `The version of ${run.pluginId} that the run began with is gone.`);
    }
    const connection = await this.#ports.connections.find(run.connectionId);
    if (connection === undefined) {
      return new Fault('NOT_FOUND', `Connection ${run.connectionId} of the run is gone.`);
    }
    return { plugin, connection };
  }
}
