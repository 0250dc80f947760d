import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

export interface EndedServer {
  /** Absent when a signal ended it. */
  exitCode?: number;
  stderr: string;
}

/** A running server that is none of ours. */
export class ServerProcess {
  readonly ended: Promise<EndedServer>;
  readonly #child: ChildProcess;

  constructor(command: readonly string[], options: Pick<SpawnOptions, 'cwd' | 'env' | 'uid' | 'gid'>) {
    const child = spawn(command[0]!, command.slice(1), { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    let stderr = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => resolve({ stderr: error.message }));
      child.once('close', (code) => resolve({ ...(code === null ? {} : { exitCode: code }), stderr }));
    });
  }

  stop(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async killed(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}
