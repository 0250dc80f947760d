import { seededRandom } from '@drover/simulators';

/** `commit`, `request`: the command dies there. The others: only the plugin's process does. */
export type CrashKind = 'commit' | 'request' | 'plugin-commit' | 'plugin-request';

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

/** Of six points, two kill the plugin: one at a commit, one at a request. */
const SHARES: readonly CrashKind[] = [
  'commit',
  'request',
  'plugin-commit',
  'commit',
  'request',
  'plugin-request',
];

/** Points spread over the whole course: each kind's stretch is cut into as many parts as it has points. */
export function drawPoints(course: Course, { seed, points }: { seed: number; points: number }): CrashPoint[] {
  const random = seededRandom(seed);
  const kinds = Array.from({ length: points }, (_, n) => SHARES[n % SHARES.length]!);
  const drawn = { commit: 0, request: 0, 'plugin-commit': 0, 'plugin-request': 0 };
  return kinds.map((kind) => {
    const parts = kinds.filter((other) => other === kind).length;
    const stretch = isCommit(kind) ? course.commits : course.requests;
    const part = drawn[kind]++;
    const k = Math.min(stretch, Math.floor(((part + random()) / parts) * stretch) + 1);
    return { kind, k, edge: random() < 0.5 ? 'before' : 'after' };
  });
}

/** Whether the point is a commit, and not a request. */
export function isCommit(kind: CrashKind): boolean {
  return kind === 'commit' || kind === 'plugin-commit';
}

/** As it is printed and given back with `--at`: `commit:17:after`. */
export function formatPoint({ kind, k, edge }: CrashPoint): string {
  return `${kind}:${k}:${edge}`;
}

export function parsePoint(text: string): CrashPoint {
  const [, kind, k, edge] =
    /^(commit|request|plugin-commit|plugin-request):([1-9]\d*):(before|after)$/.exec(text) ?? [];
  if (kind === undefined) throw new Error(`"${text}" is no point; one looks like commit:17:after.`);
  return { kind: kind as CrashKind, k: Number(k), edge: edge as CrashPoint['edge'] };
}
