// Loaded into the command before its own code (`--import`), and into each of its threads: counts what it commits to SQLite, and
// ends it right before or right after the commit that it was told to die at; or its plugins' processes, and it goes on. It uses
// Node's own modules only and no product code knows of it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

const { CRASH_AT_COMMIT, CRASH_EDGE, CRASH_COUNT_FILE, CRASH_PLUGINS_FILE } = process.env;
const WRITES = /^\s*(insert|update|delete|create|drop|alter)\b/i;
const target = Number(CRASH_AT_COMMIT ?? 0);
/** Of all threads together. */
const commits = countOfAll();

function countOfAll(): Int32Array {
  const name = 'drover commit count';
  if (isMainThread) setEnvironmentData(name, new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  return new Int32Array(getEnvironmentData(name) as SharedArrayBuffer);
}

/** What ends a transaction, and what is one by itself. */
function commitsNow(database: DatabaseSync, text: string): boolean {
  return database.isTransaction ? /^\s*commit\b/i.test(text) : WRITES.test(text);
}

function die(): void {
  if (CRASH_PLUGINS_FILE === undefined) process.kill(process.pid, 'SIGKILL');
  else killPlugins(CRASH_PLUGINS_FILE);
}

/** Notes whom it has killed. */
function killPlugins(file: string): void {
  const victims = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isChild(name));
  for (const pid of victims) process.kill(Number(pid), 'SIGKILL');
  writeFileSync(file, victims.join(' '));
}

function isChild(pid: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state !== 'Z' && Number(parent) === process.pid;
  } catch {
    return false;
  }
}

function counted<Result>(database: DatabaseSync, text: string, execute: () => Result): Result {
  if (!commitsNow(database, text)) return execute();
  if (Atomics.add(commits, 0, 1) + 1 !== target) return execute();
  if (CRASH_EDGE === 'before') die();
  const result = execute();
  die();
  return result;
}

const { prepare } = DatabaseSync.prototype;

DatabaseSync.prototype.prepare = function (this: DatabaseSync, text: string): StatementSync {
  const statement = prepare.call(this, text);
  const run = statement.run.bind(statement) as StatementSync['run'];
  const all = statement.all.bind(statement) as StatementSync['all'];
  statement.run = ((...values: never[]) => counted(this, text, () => run(...values))) as StatementSync['run'];
  statement.all = ((...values: never[]) => counted(this, text, () => all(...values))) as StatementSync['all'];
  return statement;
};

if (CRASH_COUNT_FILE !== undefined && isMainThread) {
  process.on('exit', () => writeFileSync(CRASH_COUNT_FILE, String(commits[0])));
}
