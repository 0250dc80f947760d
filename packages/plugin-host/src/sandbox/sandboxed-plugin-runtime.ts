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
import { CODE_FILE, isOpenToAll, type IsolationReport, type Launch, probeIsolation } from './isolation.js';
import { PluginCache } from './plugin-cache.js';
import { DEFAULT_SANDBOX_LIMITS, type SandboxLimits } from './sandbox-limits.js';
import type { SandboxLogger } from './sandbox-logger.js';
import { CANCELLED } from './plugin-peer.js';
import { SandboxProcess } from './sandbox-process.js';

export interface SandboxedPluginRuntimeOptions {
  broker: Broker;
  /** The folder into which a bundle was unpacked; `code.mjs` lies in it. */
  bundleFolder(digest: string): Promise<string>;
  limits?: Partial<SandboxLimits>;
  logger?: SandboxLogger;
}

interface Sandbox {
  process: Promise<SandboxProcess>;
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
  #launch: Promise<Launch> | undefined;
  #closed = false;

  constructor(options: SandboxedPluginRuntimeOptions) {
    this.#broker = options.broker;
    this.#bundleFolder = options.bundleFolder;
    this.#limits = { ...DEFAULT_SANDBOX_LIMITS, ...options.limits };
    this.#logger = options.logger;
  }

  /** What keeps plugin code in on this machine, found out by trying. */
  async describeIsolation(): Promise<IsolationReport> {
    return (await this.#probe()).report;
  }

  async invoke(
    target: PluginTarget,
    context: HookContext,
    invocation: Invocation,
    options: InvokeOptions,
  ): Promise<InvocationResult> {
    if (this.#closed) return refused({ code: 'CANCELLED', message: 'The plugin runtime is closed.' });
    const shared = `${target.bundleDigest} ${target.connection.id}`;
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

  #enter(key: string, target: PluginTarget): Sandbox {
    let sandbox = this.#sandboxes.get(key);
    if (!sandbox) {
      const opened: Sandbox = { process: this.#start(target, () => this.#forget(key, opened)), hooks: 0 };
      opened.process.catch(() => this.#forget(key, opened));
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

  async #start(target: PluginTarget, onGone: () => void): Promise<SandboxProcess> {
    // Both take a while and neither needs the other.
    this.#probe().catch(() => undefined);
    const folder = await realpath(await this.#bundleFolder(target.bundleDigest));
    const process: SandboxProcess = new SandboxProcess({
      folder,
      launch: await this.#launchFor(folder),
      limits: this.#limits,
      onLine: (line) => this.#tell(process, line),
      onGone: () => {
        onGone();
        void process.closed.then(() => this.#processes.delete(process));
      },
    });
    this.#processes.add(process);
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

  #probe(): Promise<Launch> {
    this.#launch ??= probeIsolation(this.#limits);
    return this.#launch;
  }

  async #launchFor(folder: string): Promise<Launch> {
    const launch = await this.#probe();
    if (!launch.user || (await isOpenToAll(join(folder, CODE_FILE), { mode: 'read' }))) return launch;
    this.#logger?.warn(
      { folder },
      'a plugin runs as the user of the host: its folder cannot be read by other users',
    );
    const { user: _unusable, ...rest } = launch;
    return rest;
  }
}
