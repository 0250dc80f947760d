import { seededRandom } from '@drover/simulators';

/** `commit`, `request`: the command dies. `plugin`: only the plugin's process does. */
export const CRASH_KINDS = ['commit', 'request', 'plugin'] as const;
export type CrashKind = (typeof CRASH_KINDS)[number];

/** Where something is killed, counted over all commands of a scenario. */
export interface CrashPoint {
  kind: CrashKind;
  /** The k-th commit of the store, or the k-th request that the simulator gets; from 1. */
  k: number;
  /** Right before it happens, or right after it has: an `after` request was answered, and the answer never came. */
  edge: 'before' | 'after';
}

/** How much of each there was when nothing was killed. */
export interface Course {
  commits: number;
  requests: number;
}

/** Of five points, two are commits, two are requests and one kills the plugin. */
const SHARES: readonly CrashKind[] = ['commit', 'request', 'commit', 'request', 'plugin'];

/** Points spread over the whole course: each kind's stretch is cut into as many parts as it has points. */
export function drawPoints(course: Course, { seed, points }: { seed: number; points: number }): CrashPoint[] {
  const random = seededRandom(seed);
  const kinds = Array.from({ length: points }, (_, n) => SHARES[n % SHARES.length]!);
  const drawn = { commit: 0, request: 0, plugin: 0 };
  return kinds.map((kind) => {
    const parts = kinds.filter((other) => other === kind).length;
    const stretch = kind === 'commit' ? course.commits : course.requests;
    const part = drawn[kind]++;
    const k = Math.min(stretch, Math.floor(((part + random()) / parts) * stretch) + 1);
    return { kind, k, edge: random() < 0.5 ? 'before' : 'after' };
  });
}

/** As it is printed and given back with `--at`: `commit:17:after`. */
export function formatPoint({ kind, k, edge }: CrashPoint): string {
  return `${kind}:${k}:${edge}`;
}

export function parsePoint(text: string): CrashPoint {
  const [, kind, k, edge] = /^(commit|request|plugin):([1-9]\d*):(before|after)$/.exec(text) ?? [];
  if (kind === undefined) throw new Error(`"${text}" is no point; one looks like commit:17:after.`);
  return { kind: kind as CrashKind, k: Number(k), edge: edge as CrashPoint['edge'] };
}
