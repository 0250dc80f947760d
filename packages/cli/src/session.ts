import type { Readable, Writable } from 'node:stream';
import type { Application } from '@drover/engine';
import type { CliHost } from './cli-host.js';

export interface CliStreams {
  stdin: Readable & { isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  stdout: Writable & { isTTY?: boolean; columns?: number };
  stderr: Writable & { isTTY?: boolean; columns?: number };
}

/** Options that every command takes. */
export interface GlobalOptions {
  json: boolean;
  quiet: boolean;
  verbose: boolean;
  dataDir?: string;
}

/** What a command came to. */
export interface CommandResult {
  /** What `--json` prints, as one line. */
  document: unknown;
  /** What people read. */
  text: string;
  /** Default 0. */
  exitCode?: number;
}

/** One call of the command line: its streams, its options and the application, opened when a command first asks. */
export class Session {
  options: GlobalOptions = { json: false, quiet: false, verbose: false };
  exitCode = 0;
  #application: Promise<Application> | undefined;

  constructor(
    readonly host: CliHost,
    readonly streams: CliStreams,
  ) {}

  application(): Promise<Application> {
    this.#application ??= this.host.openApplication({
      dataDir: this.options.dataDir,
      notify: (line) => this.note(line),
    });
    return this.#application;
  }

  /** A line for people beside the result: on stderr, not with `--quiet`. */
  note(line: string): void {
    if (!this.options.quiet) this.streams.stderr.write(`${line}\n`);
  }

  /** Prints a command's result and takes over its exit code. */
  finish(result: CommandResult): void {
    const line = this.options.json ? JSON.stringify(result.document) : result.text;
    if (line !== '') this.streams.stdout.write(`${line}\n`);
    this.exitCode = result.exitCode ?? 0;
  }

  /** Lets go of the application; `abandon` does not wait for batches in flight. */
  async close(options: { abandon: boolean } = { abandon: false }): Promise<void> {
    const opening = this.#application;
    this.#application = undefined;
    if (opening === undefined) return;
    const application = await opening.catch(() => undefined);
    await application?.close(options);
  }
}
