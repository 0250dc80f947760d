import { type ChildProcess, spawn } from 'node:child_process';
import { globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { CommandLine } from './command-line.js';

const BIN = fileURLToPath(new URL('../../bin/drover.mjs', import.meta.url));
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const MAIN = 'runtime/dist/cli/main.js';
const SOURCES = ['packages/*/src/**/*.ts', 'runtime/src/**/*.ts'];
const NOT_BUILT = [
  '**/*.test.ts',
  'packages/testing/**',
  'runtime/src/end-to-end/**',
  'runtime/src/proof/**',
];
const POLL_MS = 10;

export interface EndedProcess {
  /** Absent when a signal ended it. */
  exitCode?: number;
  signal?: NodeJS.Signals;
  stdout: string;
  stderr: string;
  /** What `--json` printed on the last line. */
  json: any; // oxlint-disable-line no-explicit-any -- each test knows its document
}

export interface ProcessOptions {
  stdin?: string;
  environment?: Record<string, string>;
}

/** The built command, each time in a process of its own, over one data folder. For tests. */
export class BuiltDrover {
  readonly dataDir: string;
  readonly #started: DroverProcess[] = [];
  readonly #environment: Record<string, string>;

  constructor(dataDir: string, environment: Record<string, string> = {}) {
    requireBuild();
    this.dataDir = dataDir;
    this.#environment = environment;
  }

  /** Over the same database as a command line of this process. */
  static beside({ dataDir, environment }: CommandLine): BuiltDrover {
    return new BuiltDrover(dataDir, environment);
  }

  run(argv: readonly string[], options: ProcessOptions = {}): Promise<EndedProcess> {
    return this.start(argv, options).ended;
  }

  start(argv: readonly string[], options: ProcessOptions = {}): DroverProcess {
    const environment = { DROVER_DATA_DIR: this.dataDir, ...this.#environment, ...options.environment };
    const child = new DroverProcess(argv, environment, options);
    this.#started.push(child);
    return child;
  }

  /** Ends what a failed test has left running. */
  async close(): Promise<void> {
    for (const child of this.#started) child.kill();
    await Promise.all(this.#started.map(({ ended }) => ended));
  }
}

let isBuilt: boolean | undefined;

/** These tests run what was built: without it, or with older than the sources, they would prove nothing. */
function requireBuild(): void {
  isBuilt ??= changedSince(modifiedAt(MAIN)) === undefined;
  if (!isBuilt)
    throw new Error(`${MAIN} is older than the sources, or not there; run "npm run build" first.`);
}

function changedSince(time: number): string | undefined {
  return globSync(SOURCES, { cwd: ROOT, exclude: NOT_BUILT }).find((file) => modifiedAt(file) > time);
}

function modifiedAt(file: string): number {
  return statSync(join(ROOT, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** A running command. It leads a process group of its own, as a shell starts it. */
export class DroverProcess {
  readonly ended: Promise<EndedProcess>;
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';

  constructor(
    argv: readonly string[],
    environment: Record<string, string>,
    { stdin = '' }: Pick<ProcessOptions, 'stdin'> = {},
  ) {
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(process.execPath, [BIN, ...argv], {
      env: { PATH, HOME, ...environment },
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    // A command that ends without reading closes the pipe.
    child.stdin.on('error', () => undefined).end(stdin);
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode, signal) => resolve(this.#end(exitCode, signal)));
    });
  }

  /** Ctrl-C at a terminal: every process of the group gets it. */
  interrupt(): void {
    process.kill(-this.pid, 'SIGINT');
  }

  /** What a container's first process passes on when it is told to stop. */
  terminate(): void {
    this.#child.kill('SIGTERM');
  }

  /** What the kernel does when memory is short: this process alone, at once. */
  kill(): void {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
  }

  async killed(): Promise<void> {
    this.kill();
    await this.ended;
  }

  /** Resolves when it has written such a text to stderr. */
  async said(words: RegExp): Promise<void> {
    await until(() => words.test(this.#stderr), { what: `${words} on stderr` });
  }

  /** Resolves when it has printed such a text to stdout. */
  async printed(words: RegExp, { withinMs }: { withinMs?: number } = {}): Promise<void> {
    const limit = withinMs === undefined ? {} : { withinMs };
    await until(() => words.test(this.#stdout), { what: `${words} on stdout`, ...limit });
  }

  /** What it has written so far. */
  get written(): { stdout: string; stderr: string } {
    return { stdout: this.#stdout, stderr: this.#stderr };
  }

  /** Process ids of its children, where there is a /proc. */
  get children(): number[] {
    return childrenOf(this.pid);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  #end(exitCode: number | null, signal: NodeJS.Signals | null): EndedProcess {
    const stdout = this.#stdout;
    return {
      ...(exitCode === null ? {} : { exitCode }),
      ...(signal === null ? {} : { signal }),
      stdout,
      stderr: this.#stderr,
      get json() {
        return JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
      },
    };
  }
}

/** Looks again and again until something holds. For what gives no event. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  { what, withinMs = 15_000 }: { what: string; withinMs?: number },
): Promise<void> {
  const lastLook = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > lastLook) throw new Error(`Waited ${withinMs} ms in vain for ${what}.`);
    await delay(POLL_MS);
  }
}

export function isAlive(pid: number): boolean {
  return parentOf(pid) !== undefined;
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((other) => parentOf(other) === pid);
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : Number(parent);
  } catch {
    return undefined;
  }
}
