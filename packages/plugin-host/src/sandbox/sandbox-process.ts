import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { encodeFrame, FrameReader, FrameWriter } from '@drover/plugin-sdk/frames';
import type { HostFrame } from '@drover/plugin-sdk/wire';
import { type Launch, nodeArguments } from './isolation.js';
import { parseUntrustedJson } from './json-guard.js';
import { MemoryWatch } from './memory-watch.js';
import type { PluginLines } from './plugin-lines.js';
import { crashed, type PluginLink, PluginPeer } from './plugin-peer.js';
import { PluginOutput } from './plugin-output.js';
import type { SandboxLimits } from './sandbox-limits.js';

const FRAME_PIPE = 3;
/** Over this much unsent, the host reads nothing more from the plugin until the plugin has read. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024;

export interface SandboxProcessOptions {
  /** The bundle's folder, a real path. */
  folder: string;
  launch: Launch;
  limits: SandboxLimits;
  /** Of all processes of the bundle over the connection. */
  lines: PluginLines;
  onLine(line: string): void;
  /** Called once, before anything else learns of it: the process cannot be used any more. */
  onGone(): void;
}

/** One child process over one bundle's code, and the peer that runs hooks in it. */
export class SandboxProcess {
  readonly peer: PluginPeer;
  /** Resolves when the process is gone and its pipes are read empty. */
  readonly closed: Promise<unknown>;
  readonly #options: SandboxProcessOptions;
  readonly #child: ChildProcess;
  readonly #pipe: Socket;
  readonly #writer: FrameWriter;
  readonly #output: PluginOutput;
  #memory: MemoryWatch | undefined;
  #gone = false;
  #spoke = false;
  #isSlow = false;
  /** Why the host ended it, when it did. */
  #why: string | undefined;

  constructor(options: SandboxProcessOptions) {
    const { limits, lines } = options;
    this.#options = options;
    this.#child = start(options);
    this.#pipe = this.#child.stdio[FRAME_PIPE] as Socket;
    this.#writer = new FrameWriter(this.#pipe);
    this.closed = once(this.#child, 'close').catch(() => {});
    const link: PluginLink = {
      send: (frame, waits) => this.#send(frame, waits),
      kill: () => this.kill(),
    };
    this.peer = new PluginPeer(link, { limits, lines });
    this.#output = new PluginOutput({
      streams: [this.#child.stdout, this.#child.stderr],
      maxBytes: limits.maxOutputBytes,
      onLine: options.onLine,
      onFlood: () => this.kill(`it printed more than ${limits.maxOutputBytes} bytes`),
    });
    this.#child.on('error', (error) => this.#leave(`it could not be started (${error.message})`));
    this.#child.on('exit', () => this.#pipe.resume());
    this.#child.on('close', (code, signal) => this.#leave(this.#reason(code, signal)));
    if (this.#child.pid !== undefined) this.#watch(this.#child.pid);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it is gone, not for being slow, and never said a byte: perhaps it never got as far as the plugin's code. */
  get isStillborn(): boolean {
    return this.#gone && !this.#spoke && !this.#isSlow;
  }

  /** Says that another hook begins. */
  forgiveOutput(): void {
    this.#output.forgive();
  }

  /** Ends the process at once. Hooks in it end when it is gone, unless the peer has ended them before. */
  kill(why?: string): void {
    this.#why ??= why;
    this.#markGone();
    this.#child.kill('SIGKILL');
    this.#pipe.destroy();
  }

  /** Ends the process and waits until it is gone. */
  async stop(): Promise<void> {
    this.kill('the runtime stopped it');
    await this.closed;
  }

  #watch(pid: number): void {
    const { limits } = this.#options;
    this.#memory = new MemoryWatch({
      pid,
      maxBytes: limits.maxMemoryBytes,
      everyMs: limits.memoryCheckMs,
      onExceeded: () => this.kill(`it used more than ${limits.maxMemoryBytes} bytes of memory`),
    });
    const startTimer = setTimeout(() => {
      this.#isSlow = true;
      this.kill(`its code was not loaded after ${limits.startMs} ms`);
    }, limits.startMs);
    void this.peer.ready.then(
      () => clearTimeout(startTimer),
      () => clearTimeout(startTimer),
    );
    this.#receive();
  }

  #receive(): void {
    const reader = new FrameReader({ maxBytes: this.#options.limits.maxFrameBytes });
    this.#pipe.on('data', (chunk: Buffer) => {
      this.#spoke = true;
      try {
        for (const frame of reader.read(chunk)) {
          if (this.peer.isLost) return;
          this.peer.receive(parseUntrustedJson(frame), frame.length);
        }
      } catch (thrown) {
        this.peer.breach(thrown);
      }
    });
    this.#pipe.on('drain', () => this.#pipe.resume());
    // A process that closed its pipe can do nothing useful any more; its exit, if it is one, says why.
    this.#pipe.on('error', () => this.kill('it closed its pipe'));
    this.#pipe.on('end', () => setTimeout(() => this.kill('it closed its pipe'), 100).unref());
  }

  #send(frame: HostFrame, waits?: { mayWait?: boolean }): void {
    const bytes = encodeFrame(frame, this.#options.limits.maxFrameBytes);
    if (this.#gone) return;
    this.#writer.write(bytes, waits);
    if (this.#pipe.writableLength > MAX_UNSENT_BYTES) this.#pipe.pause();
  }

  #markGone(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#memory?.stop();
    this.#options.onGone();
  }

  #leave(why: string): void {
    this.#markGone();
    this.peer.lose(crashed(why));
  }

  #reason(code: number | null, signal: NodeJS.Signals | null): string {
    if (this.#why && signal === 'SIGKILL') return this.#why;
    const words = this.#output.lastWords;
    if (words && /out of memory/i.test(words)) return `it used more memory than it may (${words})`;
    const how = signal ? `signal ${signal}` : `exit code ${code}`;
    return words ? `${how}, after printing: ${words}` : how;
  }
}

function start({ folder, launch, limits }: SandboxProcessOptions): ChildProcess {
  const [command, ...args] = [...launch.wrapper, process.execPath, ...nodeArguments(folder, limits)];
  return spawn(command as string, args, {
    cwd: folder,
    env: {},
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    // Ctrl-C at a terminal goes to the whole group of the host; the plugin is to finish what it has in hand.
    detached: true,
    ...launch.user,
  });
}
