import { execFileSync, type StdioOptions } from 'node:child_process';
import { existsSync } from 'node:fs';

const INSTALL_TIMEOUT_MS = 240_000;
/** How long an installation of another worker of the same test run is waited for. */
const LOCK_PATIENCE_MS = 240_000;
const LOCK_PAUSE_MS = 2_000;

/** Installs a package that tests need, where this process may. Why it did not is added to `reasons`. */
export function installDebianPackage(name: string, reasons: string[]): boolean {
  if (process.getuid?.() !== 0) {
    reasons.push('not root, so nothing was installed');
    return false;
  }
  if (!existsSync('/usr/bin/apt-get')) {
    reasons.push('no apt-get to install it with');
    return false;
  }
  process.stderr.write(`Installing ${name} with apt-get for the tests that need it.\n`);
  const install = ['install', '-y', '--no-install-recommends', name];
  if (aptGet(install) || (aptGet(['update']) && aptGet(install))) return true;
  reasons.push(`apt-get install ${name} failed`);
  return false;
}

/** One worker may install PostgreSQL while another installs Redis; apt-get lets in only one of them at a time. */
function aptGet(words: readonly string[]): boolean {
  const giveUpAt = Date.now() + LOCK_PATIENCE_MS;
  for (;;) {
    try {
      const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
      const stdio: StdioOptions = ['ignore', 'ignore', 'pipe'];
      execFileSync('apt-get', ['-qq', ...words], { stdio, timeout: INSTALL_TIMEOUT_MS, env });
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
