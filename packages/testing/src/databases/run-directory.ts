import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const POLL_MS = 50;

/**
 * The folder that all processes of one test run share; the global set-up makes it and the global tear-down removes it.
 * Without them (another test runner) it is this process's own and goes with it.
 */
export function runDirectory(): string {
  const known = process.env.TEST_RUN_DIRECTORY;
  if (known !== undefined) return known;
  const made = mkdtempSync(join(tmpdir(), 'drover-test-'));
  process.env.TEST_RUN_DIRECTORY = made;
  process.on('exit', () => rmSync(made, { recursive: true, force: true }));
  return made;
}

type Result<T> = { value: T } | { error: string };

/**
 * Does something once in a test run, whichever process asks first; the others wait for its result, which is kept as
 * JSON. Rejects with what went wrong the first time.
 */
export async function oncePerRun<T>(name: string, produce: () => Promise<T>): Promise<T> {
  if (claim(name)) {
    const result: Result<T> = await produce().then(
      (value) => ({ value }),
      (error: unknown) => ({ error: String((error as Error).stack ?? error) }),
    );
    publish(name, result);
    return unwrap(result);
  }
  for (;;) {
    const result = published<T>(name);
    if (result !== undefined) return unwrap(result);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** `oncePerRun` for what has to be known while tests are being described. Blocks the process while another one works. */
export function oncePerRunNow<T>(name: string, produce: () => T): T {
  if (claim(name)) {
    let result: Result<T>;
    try {
      result = { value: produce() };
    } catch (error) {
      result = { error: String(error) };
    }
    publish(name, result);
    return unwrap(result);
  }
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    const result = published<T>(name);
    if (result !== undefined) return unwrap(result);
    Atomics.wait(never, 0, 0, POLL_MS);
  }
}

function claim(name: string): boolean {
  try {
    mkdirSync(join(runDirectory(), `${name}.claimed`));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function publish(name: string, result: Result<unknown>): void {
  const file = join(runDirectory(), `${name}.json`);
  writeFileSync(`${file}.part`, JSON.stringify(result));
  renameSync(`${file}.part`, file);
}

function published<T>(name: string): Result<T> | undefined {
  try {
    return JSON.parse(readFileSync(join(runDirectory(), `${name}.json`), 'utf8')) as Result<T>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function unwrap<T>(result: Result<T>): T {
  if ('error' in result) throw new Error(result.error);
  return result.value;
}
