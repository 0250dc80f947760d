import { execFileSync, type StdioOptions } from 'node:child_process';
import { existsSync } from 'node:fs';

const TIMEOUT_MS = 240_000;
/** How long another worker of the same test run, which is at it, is waited for. */
const LOCK_PATIENCE_MS = 240_000;
const LOCK_PAUSE_MS = 2_000;

export function hasAptGet(): boolean {
  return existsSync('/usr/bin/apt-get');
}

/**
 * What one worker installs may be PostgreSQL while another installs Redis; apt-get lets in only one of them at a time. Where it
 * does not know the package, or an old version of it, it asks for the lists and tries again.
 */
export function aptGet(words: readonly string[], { folder }: { folder?: string } = {}): boolean {
  return ran(words, folder) || (ran(['update'], folder) && ran(words, folder));
}

function ran(words: readonly string[], cwd: string | undefined): boolean {
  const giveUpAt = Date.now() + LOCK_PATIENCE_MS;
  for (;;) {
    try {
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
      const stdio: StdioOptions = ['ignore', 'ignore', 'pipe'];
      execFileSync('apt-get', ['-qq', ...words], { cwd, stdio, timeout: TIMEOUT_MS, env });
      return true;
    } catch (error) {
      const isLocked = /could not get lock|unable to lock/i.test(
        String((error as { stderr?: unknown }).stderr),
      );
      if (!isLocked || Date.now() > giveUpAt) return false;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_PAUSE_MS);
    }
  }
}
