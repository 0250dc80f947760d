import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const POLL_MS = 20;
const STOP_TIMEOUT_MS = 20_000;

/** Ends the servers of this test run that were started, and removes the run's folder. */
export default async function tearDown(): Promise<void> {
  const directory = process.env.TEST_RUN_DIRECTORY!;
  for (const server of ['postgres', 'redis']) {
    const stateFile = join(directory, `${server}-server.json`);
    if (!existsSync(stateFile)) continue;
    const { pid } = JSON.parse(readFileSync(stateFile, 'utf8')) as { pid: number };
    await stopped(pid);
  }
  rmSync(directory, { recursive: true, force: true });
}

async function stopped(pid: number): Promise<void> {
  if (!signal(pid, 'SIGTERM')) return;
  const until = Date.now() + STOP_TIMEOUT_MS;
  while (signal(pid, 0)) {
    if (Date.now() > until) throw new Error(`A server of the test run (supervisor ${pid}) does not stop.`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** False when there is no such process. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}
