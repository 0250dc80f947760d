import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { aptGet, hasAptGet } from './apt-get.js';

/**
 * Unpacks a package that tests need into a folder, once for all test runs, and installs nothing: none of its services starts,
 * and nobody has to be root. Why it did not is added to `reasons`.
 */
export function unpackDebianPackage(
  name: string,
  { into, reasons }: { into: string; reasons: string[] },
): boolean {
  if (existsSync(into)) return true;
  if (!hasAptGet()) {
    reasons.push('no apt-get to get it with');
    return false;
  }
  process.stderr.write(`Getting ${name} with apt-get for the tests that need it.\n`);
  mkdirSync(dirname(into), { recursive: true });
  const folder = mkdtempSync(`${into}-`);
  try {
    if (aptGet(['download', name], { folder })) {
      const [file] = globSync(join(folder, '*.deb'));
      execFileSync('dpkg-deb', ['--extract', file!, join(folder, 'unpacked')], { stdio: 'ignore' });
      keep(join(folder, 'unpacked'), into);
      return true;
    }
    reasons.push(`apt-get download ${name} failed`);
  } catch (error) {
    reasons.push(`${name} could not be unpacked: ${(error as Error).message}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return false;
}

/** Whole or not at all. Another test run may have been first, with the same. */
function keep(unpacked: string, into: string): void {
  try {
    renameSync(unpacked, into);
  } catch (error) {
    if (!existsSync(into)) throw error;
  }
}
