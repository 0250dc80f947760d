import { aptGet, hasAptGet } from './apt-get.js';

/** Installs a package that tests need, where this process may. Why it did not is added to `reasons`. */
export function installDebianPackage(name: string, reasons: string[]): boolean {
  if (process.getuid?.() !== 0) {
    reasons.push('not root, so nothing was installed');
    return false;
  }
  if (!hasAptGet()) {
    reasons.push('no apt-get to install it with');
    return false;
  }
  process.stderr.write(`Installing ${name} with apt-get for the tests that need it.\n`);
  if (aptGet(['install', '-y', '--no-install-recommends', name])) return true;
  reasons.push(`apt-get install ${name} failed`);
  return false;
}
