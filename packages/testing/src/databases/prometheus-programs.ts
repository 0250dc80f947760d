import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folderWithPrograms } from './folder-with-programs.js';
import { oncePerRunNow } from './run-directory.js';
import { unpackDebianPackage } from './unpack-debian-package.js';

/** Where tests get Prometheus from. */
type PrometheusOrigin = { kind: 'programs'; folder: string } | { kind: 'missing'; reasons: string[] };

const PROGRAMS = ['prometheus', 'promtool'];
const UNPACKED = fileURLToPath(
  new URL('../../../../node_modules/.cache/drover-tests/prometheus', import.meta.url),
);

/** What keeps tests from having Prometheus; undefined when they can have it. */
export function missingPrometheus(): string | undefined {
  const origin = prometheusOrigin();
  if (origin.kind === 'programs') return undefined;
  return `no Prometheus: ${origin.reasons.join('; ')}; install prometheus`;
}

/** The folder with `prometheus` and `promtool`. */
export function prometheusFolder(): string {
  const origin = prometheusOrigin();
  if (origin.kind === 'missing') throw new Error(missingPrometheus());
  return origin.folder;
}

/** Looks on PATH, then for Debian's package, once in a test run. */
function prometheusOrigin(): PrometheusOrigin {
  return oncePerRunNow('prometheus-origin', () => {
    const reasons: string[] = [];
    const folder = folderWithPrograms(PROGRAMS) ?? unpackFromDebian(reasons);
    return folder === undefined ? { kind: 'missing', reasons } : { kind: 'programs', folder };
  });
}

function unpackFromDebian(reasons: string[]): string | undefined {
  reasons.push(`no ${PROGRAMS.join(' and ')} on PATH`);
  if (!unpackDebianPackage('prometheus', { into: UNPACKED, reasons })) return undefined;
  const folder = folderWithPrograms(PROGRAMS, [join(UNPACKED, 'usr/bin')]);
  if (folder === undefined) reasons.push(`${UNPACKED} lacks them`);
  return folder;
}
