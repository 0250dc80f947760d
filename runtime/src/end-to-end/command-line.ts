import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { runCli } from '@drover/cli';
import { createCliHost } from '../cli-host.js';
import { sql } from 'kysely';
import type { Environment } from '../environment/read-environment.js';
import { type Ground, ONE_PROCESS, type PreparedGround } from './grounds.js';

export interface CommandOutcome {
  exitCode: number;
  stdout: string;
  stderr: string;
  /** What `--json` printed on the last line. */
  json: any; // oxlint-disable-line no-explicit-any -- each test knows its document
}

export interface CommandOptions {
  stdin?: string;
  environment?: Environment;
  /** Called with what interrupts the command, as Ctrl-C does. */
  onInterruptible?(interrupt: () => void): void;
}

export interface CommandLineOptions {
  ground?: Ground | undefined;
  environment?: Record<string, string> | undefined;
}

/** The real command line over the real application, in a data folder of its own. For tests. */
export class CommandLine {
  private constructor(
    readonly folder: string,
    readonly ground: PreparedGround,
    readonly environment: Record<string, string>,
  ) {}

  /** @param options.environment for each of its commands */
  static async open({
    ground = ONE_PROCESS,
    environment = {},
  }: CommandLineOptions = {}): Promise<CommandLine> {
    const folder = await mkdtemp(join(tmpdir(), 'drover-cli-'));
    const prepared = await ground.prepare(dataDirIn(folder));
    return new CommandLine(folder, prepared, { ...prepared.environment, ...environment });
  }

  get dataDir(): string {
    return dataDirIn(this.folder);
  }

  async run(argv: readonly string[], options: CommandOptions = {}): Promise<CommandOutcome> {
    const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
    streams.stdin.end(options.stdin ?? '');
    const stdout = collect(streams.stdout);
    const stderr = collect(streams.stderr);
    const host = createCliHost({
      environment: {
        DROVER_DATA_DIR: this.dataDir,
        DROVER_LOG_LEVEL: 'silent',
        ...this.environment,
        ...options.environment,
      },
      onInterrupt: (listener) => {
        options.onInterruptible?.(listener);
        return () => undefined;
      },
    });
    const exitCode = await runCli(argv, host, streams);
    return {
      exitCode,
      stdout: stdout(),
      stderr: stderr(),
      get json() {
        return JSON.parse(stdout().trimEnd().split('\n').at(-1)!);
      },
    };
  }

  /** Runs a command with `--json` and expects it to succeed. */
  async json(...argv: string[]): Promise<CommandOutcome['json']> {
    const outcome = await this.run([...argv, '--json', '--quiet']);
    if (outcome.exitCode !== 0) throw new Error(`${argv.join(' ')}: ${outcome.stderr}`);
    return outcome.json;
  }

  /** Rows straight from the database, as they are committed. */
  async ask(query: string): Promise<Record<string, unknown>[]> {
    const database = this.ground.openDatabase();
    try {
      return (await sql.raw<Record<string, unknown>>(query).execute(database.kysely)).rows;
    } finally {
      await database.close();
    }
  }

  /** @param table may have a condition after it: `tasks where status <> 'done'` */
  async count(table: string): Promise<number> {
    const [row] = await this.ask(`select count(*) as n from ${table}`);
    return row!['n'] as number;
  }

  async close(): Promise<void> {
    await this.ground.remove();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function dataDirIn(folder: string): string {
  return join(folder, 'data');
}

function collect(stream: PassThrough): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  return () => {
    for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) text += String(chunk);
    return text;
  };
}
