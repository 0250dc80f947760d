import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Fault } from '@drover/model';
import type { CompiledQuery } from 'kysely';

export interface CommitSettings {
  /** The database's. */
  file: string;
  /** How long a commit waits for another connection's. */
  busyTimeoutMs: number;
  /** What the connection is set to, as SQL. */
  pragmas: string;
  /** Of the write-ahead log, open for as long as the thread is. */
  logDescriptor: number;
}

/** A statement's text and parameters. */
export type SentStatement = [text: string, parameters: readonly unknown[]];
export type CommitRequest = SentStatement[] | 'close';
/** In the order of the requests, and before them all that the thread has started. */
export type CommitAnswer = 'ready' | { rows: unknown[][] } | { error: ThreadError };

type ThreadError = { message: string } & Record<'code' | 'errcode' | 'errstr', unknown>;

/** It holds one group of small rows at a time. */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 };

/**
 * A connection to a SQLite file in a thread of its own, which makes transactions of statements that are known beforehand
 * and flushes them: the event loop is free meanwhile. The write lock is free again while the disk works.
 *
 * It keeps the process alive only as long as something is under way.
 */
export class CommitThread {
  readonly ended: Promise<void>;
  readonly #worker: Worker;
  readonly #underWay: PromiseWithResolvers<unknown[][]>[] = [];
  #isReady = false;
  #isClosing = false;
  #reason = 'it was closed';

  constructor(settings: CommitSettings) {
    // Beside this module, whether that is compiled, bundled or neither.
    const entry = `./commit-thread-entry${extname(import.meta.url)}`;
    this.#worker = new Worker(new URL(entry, import.meta.url), {
      name: 'drover commits',
      workerData: settings,
      resourceLimits: RESOURCE_LIMITS,
    });
    this.#worker.unref();
    this.#worker.on('message', (answer: CommitAnswer) => this.#hear(answer));
    this.#worker.on('error', (error: unknown) => {
      this.#reason = Error.isError(error) ? error.message : String(error);
    });
    this.ended = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#end();
        resolve();
      });
    });
  }

  /** Whether it has started and not ended. What is asked of it before or after that waits for its start or is rejected. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** The rows of each, when all of them are on the disk. Fault: `COMMIT_THREAD_ENDED`. */
  commit(statements: readonly CompiledQuery[]): Promise<unknown[][]> {
    const answer = Promise.withResolvers<unknown[][]>();
    this.#underWay.push(answer);
    this.#worker.ref();
    this.#send(statements.map(({ sql, parameters }) => [sql, parameters]));
    return answer.promise;
  }

  /** What was asked before is done first. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#worker.ref();
    this.#send('close');
    await this.ended;
  }

  #send(request: CommitRequest): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none.
    this.#worker.postMessage(request);
  }

  #hear(answer: CommitAnswer): void {
    if (answer === 'ready') {
      this.#isReady = true;
      return;
    }
    const asked = this.#underWay.shift()!;
    if (this.#underWay.length === 0 && !this.#isClosing) this.#worker.unref();
    if ('rows' in answer) asked.resolve(answer.rows);
    else asked.reject(Object.assign(new Error(answer.error.message), answer.error));
  }

  #end(): void {
    this.#isReady = false;
    for (const { reject } of this.#underWay.splice(0)) {
      reject(
        new Fault(
          'COMMIT_THREAD_ENDED',
          `The thread that commits to the database has ended (${this.#reason}); what it had in hand may be stored or not.`,
        ),
      );
    }
  }
}
