import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BuiltDrover, type DroverProcess, type EndedProcess } from '../../end-to-end/built-drover.js';
import { inTime } from './in-time.js';

export type Role = 'worker' | 'scheduler';

const COMMANDS: Record<Role, string[]> = { worker: ['worker'], scheduler: ['serve', '--role', 'scheduler'] };
const BEGUN = /Executing|Firing/;
const RESTART_MS = 500;
/** Five processes start at once, maybe on a machine that does something else too. */
const BEGIN_SECONDS = 90;
/** From its death to the end of its pipes. */
const DEATH_SECONDS = 10;
/** How much of what a process said last is shown. */
const LAST_CHARACTERS = 4_000;

/** A process that is started again whenever it ends, as an orchestrator does: a worker or a scheduler. */
export class Member {
  readonly role: Role;
  readonly name: string;
  readonly #built: BuiltDrover;
  readonly #environment: Record<string, string>;
  /** What it said whenever it ended by itself. */
  readonly unasked: string[] = [];
  /** What those of its lives wrote to stderr that have ended. */
  #said = '';
  #process: DroverProcess | undefined;
  #isAsked = false;
  #isClosing = false;
  #living: Promise<void> = Promise.resolve();
  lives = 0;

  constructor(name: string, options: { role: Role; folder: string; environment: Record<string, string> }) {
    this.name = name;
    this.role = options.role;
    this.#built = new BuiltDrover(join(options.folder, 'data'));
    this.#environment = options.environment;
  }

  start(): void {
    this.#living = this.#live();
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Its plugins' processes. */
  get children(): number[] {
    return this.#process?.children ?? [];
  }

  /** Resolves when its command says that it has begun. */
  async begun(): Promise<void> {
    await this.#process!.printed(BEGUN, { withinMs: BEGIN_SECONDS * 1_000 }).catch((error: Error) => {
      throw new Error(`${this.name} did not begin: ${error.message} ${this.lastWords}`);
    });
  }

  /** False when there is nothing to kill. */
  kill(): boolean {
    if (this.#process === undefined) return false;
    this.#isAsked = true;
    this.#process.kill();
    return true;
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): boolean {
    return this.pid !== undefined && sendSignal(this.pid, name);
  }

  /** Has it stop in good order, and not started again. What is wrong with how it ends comes back. */
  async stop({ seconds }: { seconds: number }): Promise<string[]> {
    this.#isClosing = true;
    const last = this.#process;
    if (last === undefined) return [];
    this.#isAsked = true;
    this.signal('SIGCONT');
    sendSignal(last.pid, 'SIGTERM');
    try {
      return wrongWith(await inTime(last.ended, { what: `${this.name} to stop after SIGTERM`, seconds }));
    } catch (error) {
      const words = this.lastWords;
      last.kill();
      return [`${(error as Error).message}, and was killed: ${words}`];
    }
  }

  /** What it wrote to stderr so far, of all its lives. */
  get said(): string {
    return this.#said + (this.#process?.written.stderr ?? '');
  }

  get lastWords(): string {
    return this.said.slice(-LAST_CHARACTERS).trim();
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.signal('SIGCONT');
    const ended = this.#built.close().then(() => this.#living);
    await inTime(ended, { what: `${this.name} to be gone after SIGKILL`, seconds: DEATH_SECONDS });
  }

  async #live(): Promise<void> {
    while (!this.#isClosing) {
      this.#isAsked = false;
      const child = this.#built.start(COMMANDS[this.role], { environment: this.#environment });
      this.#process = child;
      this.lives += 1;
      const end = await child.ended;
      this.#process = undefined;
      this.#said += end.stderr;
      if (!this.#isAsked) this.unasked.push(describeEnd(end));
      if (!this.#isClosing) await sleep(RESTART_MS);
    }
  }
}

/** One that is told to stop before it listens to signals is ended by this one, and has begun nothing. */
function wrongWith({ exitCode, signal, stdout, stderr }: EndedProcess): string[] {
  if (exitCode === 0 || (signal === 'SIGTERM' && !BEGUN.test(stdout))) return [];
  return [`ended with ${exitCode ?? signal} when it was stopped: ${stderr.slice(-LAST_CHARACTERS).trim()}`];
}

function describeEnd({ exitCode, signal, stderr }: EndedProcess): string {
  return `ended by itself (${exitCode ?? signal}): ${stderr.slice(-LAST_CHARACTERS).trim()}`;
}

function sendSignal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

/** Processes that work over one database, each with a data folder of its own that outlives it. */
export class Crew {
  readonly members: readonly Member[];
  readonly #folders: string[];
  /** A process that ends for an error of its own takes its crew along. */
  readonly #onExit = (): void => {
    for (const member of this.members) member.kill();
  };

  private constructor(members: Member[], folders: string[]) {
    this.members = members;
    this.#folders = folders;
    process.once('exit', this.#onExit);
  }

  static async start(environment: Record<string, string>, numbers: Record<Role, number>): Promise<Crew> {
    const members: Member[] = [];
    const folders: string[] = [];
    for (const role of ['worker', 'scheduler'] as const) {
      for (let n = 1; n <= numbers[role]; n += 1) {
        const folder = await mkdtemp(join(tmpdir(), 'drover-soak-'));
        // As root, plugins run as another user, who must be able to reach their code below the data folder.
        await chmod(folder, 0o711);
        folders.push(folder);
        members.push(new Member(`${role} ${n}`, { role, folder, environment }));
      }
    }
    const crew = new Crew(members, folders);
    for (const member of members) member.start();
    try {
      await Promise.all(members.map((member) => member.begun()));
    } catch (error) {
      // They would hold up whatever is closed after this.
      await crew.close();
      throw error;
    }
    return crew;
  }

  /** One of them, by a number from 0 to 1. */
  pick(role: Role, which: number): Member {
    const some = this.members.filter((member) => member.role === role);
    return some[Math.floor(which * some.length)]!;
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.close()));
    process.off('exit', this.#onExit);
    for (const folder of this.#folders) await rm(folder, { recursive: true, force: true });
  }
}
