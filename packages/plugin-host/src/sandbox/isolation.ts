import { execFile } from 'node:child_process';
import { access, constants, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { SandboxLimits } from './sandbox-limits.js';

/** The one file of code in an unpacked bundle. */
export const CODE_FILE = 'code.mjs';

/** `nobody` on Debian and most others: owns nothing, may signal none of ours. */
const NOBODY = 65_534;
const OTHER_USER = { uid: NOBODY, gid: NOBODY };
/**
 * What V8 takes of a data limit before it has done anything: 512 MiB reserved for machine code, and its own start.
 * Measured on x64 with 24.21 and 26.10: at 512 MiB it does not start, at 640 MiB some 80 MB are left for buffers.
 */
const V8_RESERVED_BYTES = 576 * 1024 * 1024;
const PROBE_TIMEOUT_MS = 10_000;

const run = promisify(execFile);

/** What keeps plugin code in on this machine, for people to read. */
export interface IsolationReport {
  node: string;
  /** Whether plugin code is refused sockets. Only Node 26 and later can. */
  networkDenied: boolean;
  /** The user that plugin processes run as, where the machine knows users. */
  uid?: number;
  /** Whether that is another user than the host's, so that plugin code cannot signal the host. */
  separateUser: boolean;
  /** Most bytes of data memory that the kernel gives a plugin process, what V8 reserves included. */
  dataLimitBytes?: number;
  /** Whether resident memory is watched, and a process over its limit killed. */
  memoryWatched: boolean;
  /** Whether the kernel kills plugin processes when the host dies; else they see their pipe close, unless they hang. */
  diesWithHost: boolean;
  /** One sentence for each thing that cannot be had here, and what would change it. */
  notes: string[];
}

/** How a plugin process is started: the words before the path of Node, and the user. */
export interface Launch {
  wrapper: string[];
  user?: { uid: number; gid: number };
}

/** What a machine can do. */
export interface Isolation {
  launch: Launch;
  report: IsolationReport;
}

const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'];

/**
 * All of the isolation, untried; undefined where some of it is plainly not to be had. Each part is a word of the command
 * that starts the process, and that command fails when one of them does: nothing runs with less.
 */
export async function fullLaunch(limits: SandboxLimits): Promise<Launch | undefined> {
  if (process.platform !== 'linux') return undefined;
  const isRoot = process.getuid?.() === 0;
  if (isRoot && !(await isOpenToAll(process.execPath, { mode: 'execute' }))) return undefined;
  for (const setpriv of SETPRIV) {
    if (!(await may(setpriv, constants.X_OK))) continue;
    return {
      wrapper: [...deathSignalWords(setpriv), ...dataLimitWords(dataLimitOf(limits))],
      ...(isRoot ? { user: OTHER_USER } : {}),
    };
  }
  return undefined;
}

/** Finds out, by trying, what of the isolation this machine can do. */
export async function probeIsolation(limits: SandboxLimits): Promise<Isolation> {
  const notes: string[] = [];
  const networkDenied = process.allowedNodeEnvironmentFlags.has('--allow-net');
  if (!networkDenied) {
    notes.push(`Node ${process.versions.node} cannot deny the network to plugins; run on Node 26 or later.`);
  }
  const dataLimitBytes = dataLimitOf(limits);
  const ofUser: string[] = [];
  const ofDeathSignal: string[] = [];
  const ofDataLimit: string[] = [];
  // At once, since the first hook waits for all of them.
  const [user, deathSignal, dataLimit, memoryWatched] = await Promise.all([
    otherUser(ofUser),
    deathSignalWrapper(ofDeathSignal),
    dataLimitWrapper(dataLimitBytes, ofDataLimit),
    may('/proc/self/status', constants.R_OK),
  ]);
  notes.push(...ofUser, ...ofDeathSignal, ...ofDataLimit);
  if (!memoryWatched) notes.push('Memory of plugin processes cannot be watched: there is no /proc here.');
  const uid = user?.uid ?? process.getuid?.();
  return {
    launch: { wrapper: [...deathSignal, ...dataLimit], ...(user ? { user } : {}) },
    report: {
      node: process.versions.node,
      networkDenied,
      ...(uid === undefined ? {} : { uid }),
      separateUser: user !== undefined,
      ...(dataLimit.length > 0 ? { dataLimitBytes } : {}),
      memoryWatched,
      diesWithHost: deathSignal.length > 0,
      notes,
    },
  };
}

async function otherUser(notes: string[]): Promise<Launch['user']> {
  if (process.getuid?.() !== 0) {
    notes.push(
      'Plugins run as the same user as the host, which they can signal; start the runtime as root to give them another.',
    );
    return undefined;
  }
  if (!(await succeeds(['/bin/true'], OTHER_USER))) {
    notes.push(
      'Plugins run as root: the runtime may not start processes as another user (CAP_SETUID, CAP_SETGID).',
    );
    return undefined;
  }
  if (await isOpenToAll(process.execPath, { mode: 'execute' })) return OTHER_USER;
  notes.push(`Plugins run as root: other users cannot execute ${process.execPath}.`);
  return undefined;
}

/** `setpriv` asks the kernel to kill the child when the host dies: a child in an endless loop sees no pipe close. */
async function deathSignalWrapper(notes: string[]): Promise<string[]> {
  for (const path of SETPRIV) {
    const wrapper = deathSignalWords(path);
    if (await succeeds([...wrapper, '/bin/true'])) return wrapper;
  }
  notes.push('A plugin in an endless loop would outlive a killed host: setpriv of util-linux is not here.');
  return [];
}

function deathSignalWords(setpriv: string): string[] {
  return [setpriv, '--pdeathsig', 'KILL', '--no-new-privs'];
}

function dataLimitOf({ maxMemoryBytes }: SandboxLimits): number {
  return V8_RESERVED_BYTES + maxMemoryBytes;
}

function dataLimitWords(bytes: number): string[] {
  const script = 'ulimit -d "$1" && shift && exec /usr/bin/env -i "$@"';
  return ['/bin/sh', '-c', script, 'sh', String(Math.ceil(bytes / 1024))];
}

async function dataLimitWrapper(bytes: number, notes: string[]): Promise<string[]> {
  const wrapper = dataLimitWords(bytes);
  const flags = ['--permission', `--max-old-space-size=${heapMegabytes(bytes)}`, '-e', '0'];
  if (process.platform === 'linux' && (await succeeds([...wrapper, process.execPath, ...flags])))
    return wrapper;
  notes.push('The kernel does not limit the data memory of plugin processes here.');
  return [];
}

async function succeeds([command, ...args]: string[], user: Launch['user'] = undefined): Promise<boolean> {
  try {
    await run(command as string, args, { env: {}, timeout: PROBE_TIMEOUT_MS, ...user });
    return true;
  } catch {
    return false;
  }
}

async function may(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

/** Whether every user can read or execute a file: its own mode and that of every folder above it say so. */
export async function isOpenToAll(path: string, options: { mode: 'read' | 'execute' }): Promise<boolean> {
  try {
    const real = await realpath(path);
    const bit = options.mode === 'read' ? constants.S_IROTH : constants.S_IXOTH;
    if (((await stat(real)).mode & bit) === 0) return false;
    for (let folder = dirname(real); ; folder = dirname(folder)) {
      if (((await stat(folder)).mode & constants.S_IXOTH) === 0) return false;
      if (folder === dirname(folder)) return true;
    }
  } catch {
    return false;
  }
}

/** Half of a process's memory for its heap, the other half for buffers. */
export function heapMegabytes(memoryBytes: number): number {
  return Math.max(64, Math.floor(memoryBytes / 2 / 1024 / 1024));
}

/** Arguments of Node for a plugin in this folder, which must be a real path: the flags follow no link. */
export function nodeArguments(folder: string, limits: SandboxLimits): string[] {
  return [
    '--permission',
    `--allow-fs-read=${join(folder, '*')}`,
    // This module opens files past the permission model.
    '--no-experimental-sqlite',
    '--disable-sigusr1',
    '--no-addons',
    '--v8-pool-size=1',
    `--max-old-space-size=${heapMegabytes(limits.maxMemoryBytes)}`,
    join(folder, CODE_FILE),
  ];
}
