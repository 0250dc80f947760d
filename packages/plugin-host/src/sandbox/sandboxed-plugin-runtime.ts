import { randomUUID } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  HookContext,
  Invocation,
  InvocationResult,
  InvokeOptions,
  PluginRuntime,
  PluginTarget,
} from '@drover/engine';
import { asFault, toFaultRecord } from '@drover/model';
import type { Broker } from '../broker/broker.js';
import { orStopped } from '../broker/stopped.js';
import { HookInvocation, refused } from './hook-invocation.js';
import { CODE_FILE, isOpenToAll, type IsolationReport, type Launch } from './isolation.js';
import { LaunchChoice } from './launch-choice.js';
import { PluginCache } from './plugin-cache.js';
import { PluginLines } from './plugin-lines.js';
import { DEFAULT_SANDBOX_LIMITS, type SandboxLimits } from './sandbox-limits.js';
import type { SandboxLogger } from './sandbox-logger.js';
import { CANCELLED } from './plugin-peer.js';
import { SandboxProcess, type SandboxProcessOptions } from './sandbox-process.js';

export interface SandboxedPluginRuntimeOptions {
  broker: Broker;
  /** The folder into which a bundle was unpacked; `code.mjs` lies in it. */
  bundleFolder(digest: string): Promise<string>;
  limits?: Partial<SandboxLimits>;
  logger?: SandboxLogger;
}

type WarmTarget = Pick<PluginTarget, 'bundleDigest'> & { connection: Pick<PluginTarget['connection'], 'id'> };

type Start = Pick<SandboxProcessOptions, 'folder' | 'launch' | 'lines' | 'onGone'> & { onSpawned(): void };

interface Sandbox {
  process: Promise<SandboxProcess>;
  /** Resolves when the process is on its way, up or not, or will never be. */
  spawned: Promise<void>;
  hooks: number;
  idle?: NodeJS.Timeout;
}

/**
 * Runs plugins in child processes: one for each bundle and connection, or for one hook alone where that is asked for, started with its first hook, stopped when it has
 * had none for a while, and replaced after it ended in any other way.
 */
export class SandboxedPluginRuntime implements PluginRuntime {
  readonly #broker: Broker;
  readonly #bundleFolder: SandboxedPluginRuntimeOptions['bundleFolder'];
  readonly #limits: SandboxLimits;
  readonly #logger: SandboxLogger | undefined;
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #processes = new Set<SandboxProcess>();
  readonly #caches = new Map<string, PluginCache>();
  readonly #lines = new Map<string, PluginLines>();
  readonly #launches: LaunchChoice;
  #closed = false;

  constructor(options: SandboxedPluginRuntimeOptions) {
    this.#broker = options.broker;
    this.#bundleFolder = options.bundleFolder;
    this.#limits = { ...DEFAULT_SANDBOX_LIMITS, ...options.limits };
    this.#logger = options.logger;
    this.#launches = new LaunchChoice(this.#limits);
  }

  /** What keeps plugin code in on this machine, found out by trying. */
  describeIsolation(): Promise<IsolationReport> {
    return this.#launches.describe();
  }

  /**
   * Starts the process of this bundle and connection, so that the first hook finds it up. Resolves when it was spawned, or
   * could not be, of which the hook that comes will hear. Without a hook it stops like any other.
   */
  async warm(target: WarmTarget): Promise<void> {
    if (this.#closed) return;
    const key = sharedKey(target);
    const sandbox = this.#enter(key, target);
    this.#leave(key, sandbox, { idleMs: this.#limits.idleMs });
    await sandbox.spawned;
  }

  async invoke(
    target: PluginTarget,
    context: HookContext,
    invocation: Invocation,
    options: InvokeOptions,
  ): Promise<InvocationResult> {
    if (this.#closed) return refused({ code: 'CANCELLED', message: 'The plugin runtime is closed.' });
    const shared = sharedKey(target);
    const ownProcess = options.ownProcess === true;
    const key = ownProcess ? `${shared} ${randomUUID()}` : shared;
    const sandbox = this.#enter(key, target);
    try {
      const hook = await HookInvocation.open(
        { target, context, invocation, options },
        { broker: this.#broker, cache: this.#cacheOf(shared) },
      );
      return await this.#runIn(sandbox, hook);
    } catch (thrown) {
      return refused(toFaultRecord(asFault(thrown)));
    } finally {
      this.#leave(key, sandbox, { idleMs: ownProcess ? 0 : this.#limits.idleMs });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    // Those that start are ended as well: nobody waits for a start.
    await Promise.all([...this.#processes].map((process) => process.stop()));
    await Promise.allSettled([...this.#sandboxes.values()].map((sandbox) => sandbox.process));
    await Promise.all([...this.#processes].map((process) => process.stop()));
  }

  async #runIn(sandbox: Sandbox, hook: HookInvocation): Promise<InvocationResult> {
    let process: SandboxProcess;
    try {
      process = await orStopped(sandbox.process, hook.cancelled);
      await orStopped(process.peer.ready, hook.cancelled);
    } catch (thrown) {
      return hook.fail(hook.cancelled.aborted ? CANCELLED : toFaultRecord(asFault(thrown)));
    }
    process.forgiveOutput();
    return process.peer.run(hook);
  }

  #enter(key: string, target: WarmTarget): Sandbox {
    let sandbox = this.#sandboxes.get(key);
    if (!sandbox) {
      const spawned = Promise.withResolvers<void>();
      const onGone = (): void => this.#forget(key, opened);
      const process = this.#start(target, { onGone, onSpawned: spawned.resolve });
      const opened: Sandbox = { process, spawned: spawned.promise, hooks: 0 };
      process.catch(onGone).finally(spawned.resolve);
      this.#sandboxes.set(key, opened);
      sandbox = opened;
    }
    clearTimeout(sandbox.idle);
    sandbox.hooks += 1;
    return sandbox;
  }

  #leave(key: string, sandbox: Sandbox, { idleMs }: { idleMs: number }): void {
    sandbox.hooks -= 1;
    if (sandbox.hooks > 0) return;
    const stop = async () => {
      this.#forget(key, sandbox);
      await (await sandbox.process).stop();
    };
    sandbox.idle = setTimeout(() => void stop().catch(() => {}), idleMs);
    sandbox.idle.unref();
  }

  #forget(key: string, sandbox: Sandbox): void {
    clearTimeout(sandbox.idle);
    if (this.#sandboxes.get(key) === sandbox) this.#sandboxes.delete(key);
  }

  #cacheOf(key: string): PluginCache {
    let cache = this.#caches.get(key);
    if (!cache) this.#caches.set(key, (cache = new PluginCache({ maxBytes: this.#limits.maxCacheBytes })));
    return cache;
  }

  #linesOf(key: string): PluginLines {
    let lines = this.#lines.get(key);
    if (!lines) this.#lines.set(key, (lines = new PluginLines()));
    return lines;
  }

  async #start(target: WarmTarget, hooks: Pick<Start, 'onGone' | 'onSpawned'>): Promise<SandboxProcess> {
    const folder = await realpath(await this.#bundleFolder(target.bundleDigest));
    const told = { lines: this.#linesOf(sharedKey(target)), ...hooks };
    const { launch, isProven } = await this.#launches.next();
    const fitting = await this.#fitting(launch, folder);
    if (isProven) return this.#spawn({ folder, launch: fitting, ...told });
    const process = await this.#tryOut({ folder, launch: fitting, ...told });
    if (process === undefined) {
      return this.#spawn({
        folder,
        launch: await this.#fitting(await this.#launches.tried(), folder),
        ...told,
      });
    }
    if (!process.peer.isLost && fitting === launch) this.#launches.confirm(launch);
    return process;
  }

  /** Starts a process in a way that may not work here: undefined when it did not get as far as the plugin's code. */
  async #tryOut(start: Start): Promise<SandboxProcess | undefined> {
    let process: SandboxProcess;
    try {
      process = this.#spawn(start);
    } catch {
      return undefined;
    }
    await process.peer.ready.catch(() => undefined);
    return process.isStillborn && !this.#closed ? undefined : process;
  }

  #spawn({ folder, launch, lines, onGone, onSpawned }: Start): SandboxProcess {
    const process: SandboxProcess = new SandboxProcess({
      folder,
      launch,
      lines,
      limits: this.#limits,
      onLine: (line) => this.#tell(process, line),
      onGone: () => {
        onGone();
        void process.closed.then(() => this.#processes.delete(process));
      },
    });
    this.#processes.add(process);
    onSpawned();
    return process;
  }

  /** Printed lines belong to the hook that runs; with several, nobody can say to which. */
  #tell(process: SandboxProcess, line: string): void {
    const running = process.peer.invocations;
    const [only] = running;
    if (!only) return;
    if (running.length === 1) only.log({ level: 'debug', message: line });
    this.#logger?.debug(
      { plugin: only.plugin, pid: process.pid, line: only.redact(line) },
      'plugin code printed',
    );
  }

  /** A folder that the other user cannot read is served as the host's own. */
  async #fitting(launch: Launch, folder: string): Promise<Launch> {
    if (!launch.user || (await isOpenToAll(join(folder, CODE_FILE), { mode: 'read' }))) return launch;
    this.#logger?.warn(
      { folder },
      'a plugin runs as the user of the host: its folder cannot be read by other users',
    );
    const { user: _unusable, ...rest } = launch;
    return rest;
  }
}

function sharedKey({ bundleDigest, connection }: WarmTarget): string {
  return `${bundleDigest} ${connection.id}`;
}
