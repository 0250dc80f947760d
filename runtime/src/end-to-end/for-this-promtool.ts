import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { prometheusFolder } from '@drover/testing';

const READY = ['promtool', 'check', 'ready'];

/**
 * A health check as it is written, except that `promtool check ready` came with Prometheus 2.44 and Debian 12 has 2.42. It
 * asks whether `/-/ready` says 200; where it is missing, Node asks that.
 */
export function forThisPromtool(words: readonly string[]): readonly string[] {
  const [option, ...more] = words.slice(READY.length);
  if (words.slice(0, READY.length).join() !== READY.join() || hasReady()) return words;
  const url = /^--url=(.+)$/.exec(option ?? '')?.[1];
  if (url === undefined || more.length > 0) throw new Error(`${words.join(' ')} cannot be asked for.`);
  return ['node', '-e', `fetch("${url}/-/ready").then(({ status }) => process.exit(status === 200 ? 0 : 1))`];
}

function hasReady(): boolean {
  const help = execFileSync(join(prometheusFolder(), 'promtool'), ['help', 'check'], { encoding: 'utf8' });
  return /^check ready /m.test(help);
}
