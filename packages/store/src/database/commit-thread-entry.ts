// What the thread of a `CommitThread` runs. It uses Node's own modules only, so that it starts in a few milliseconds.
import { fdatasyncSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { CommitAnswer, CommitRequest, CommitSettings, SentStatement } from './commit-thread.js';

type Prepared = (parameters: readonly SQLInputValue[]) => unknown[];

const { file, busyTimeoutMs, pragmas, logDescriptor } = workerData as CommitSettings;
const database = new DatabaseSync(file, { timeout: busyTimeoutMs });
database.exec(pragmas);
const prepared = new Map<string, Prepared>();

function prepare(text: string): Prepared {
  const statement = database.prepare(text);
  if (statement.columns().length > 0) return (parameters) => statement.all(...parameters);
  return (parameters) => {
    statement.run(...parameters);
    return [];
  };
}

function make(text: string, parameters: readonly SQLInputValue[] = []): unknown[] {
  let execute = prepared.get(text);
  if (execute === undefined) {
    execute = prepare(text);
    prepared.set(text, execute);
  }
  return execute(parameters);
}

function commit(statements: readonly SentStatement[]): unknown[][] {
  make('begin immediate');
  let rows: unknown[][];
  try {
    rows = statements.map(([text, parameters]) => make(text, parameters as SQLInputValue[]));
    make('commit');
  } catch (error) {
    // SQLite has rolled back by itself where the disk was full or failed.
    if (database.isTransaction) make('rollback');
    throw error;
  }
  // By now others may write. What a checkpoint has moved out of the log was flushed with the database.
  fdatasyncSync(logDescriptor);
  return rows;
}

function answerTo(statements: readonly SentStatement[]): CommitAnswer {
  try {
    return { rows: commit(statements) };
  } catch (error) {
    // An error loses what Node and SQLite have added to it on its way.
    const { message, code, errcode, errstr } = error as Error & Record<string, unknown>;
    return { error: { message, code, errcode, errstr } };
  }
}

const port = parentPort!;
port.on('message', (request: CommitRequest) => {
  if (request !== 'close') return port.postMessage(answerTo(request));
  database.close();
  port.close();
});
port.postMessage('ready' satisfies CommitAnswer);
